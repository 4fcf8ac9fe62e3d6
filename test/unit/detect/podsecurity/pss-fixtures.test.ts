import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parse } from 'yaml';
import { evaluate, violationMessage } from '../../../../src/detect/podsecurity/evaluate.ts';
import { podOf } from '../../../../src/detect/podsecurity/pod-template.ts';

/** The upstream fixtures are not part of this project; whoever has them puts them beside the repository. */
const FOLDER = join(import.meta.dirname, '../../../../../shared/pss');
const EXPECTED = join(FOLDER, 'expected-messages.latest.json');

/**
 * Upstream counts this one as passing, because its tests apply the API server's defaulting first, which makes the
 * volume without a source an emptyDir. As it stands in the file it is forbidden, for the reference too.
 */
const ONLY_ONCE_DEFAULTED = 'restricted/pass/restrictedvolumes0.yaml';

interface Expectation {
  readonly Level: 'baseline' | 'restricted';
  readonly Verdict: 'pass' | 'fail';
  readonly File: string;
  readonly Allowed: boolean;
  readonly Message: string;
  readonly Reasons: readonly string[] | null;
  readonly Details: readonly string[] | null;
}

if (!existsSync(EXPECTED)) {
  test('upstream fixtures of the Pod Security Standards', {
    skip: 'the fixtures of k8s.io/pod-security-admission are not in ../shared/pss',
  });
} else {
  const expectations = JSON.parse(readFileSync(EXPECTED, 'utf8')) as readonly Expectation[];

  for (const expected of expectations) {
    const file = `${expected.Level}/${expected.Verdict}/${expected.File}`;
    test(`upstream fixture ${file}`, () => {
      const pod = podOf(parse(readFileSync(join(FOLDER, file), 'utf8')));
      assert.ok(pod);
      const violations = evaluate(pod, expected.Level, 'latest');
      assert.equal(violations.length === 0, expected.Allowed);
      assert.equal(violations.length === 0, expected.Verdict === 'pass' && file !== ONLY_ONCE_DEFAULTED);
      assert.deepEqual(
        violations.map(({ reason }) => reason),
        expected.Reasons ?? [],
      );
      assert.deepEqual(
        violations.map(({ detail }) => detail ?? ''),
        expected.Details ?? [],
      );
      if (violations.length > 0) {
        assert.equal(violationMessage(violations, expected.Level, 'latest'), expected.Message);
      }
    });
  }

  test('the fixture with a volume without a source passes once the volume is defaulted', () => {
    const object = parse(readFileSync(join(FOLDER, ONLY_ONCE_DEFAULTED), 'utf8')) as {
      spec: { volumes: { name: string; emptyDir?: object }[] };
    };
    const pod = podOf(object);
    assert.ok(pod);
    assert.deepEqual(evaluate(pod, 'restricted', 'latest'), [
      {
        check: 'restrictedVolumes',
        reason: 'restricted volume types',
        detail: 'volume "volume0" uses restricted volume type "unknown"',
      },
    ]);
    object.spec.volumes[0]!.emptyDir = {};
    assert.deepEqual(evaluate(pod, 'restricted', 'latest'), []);
  });
}
