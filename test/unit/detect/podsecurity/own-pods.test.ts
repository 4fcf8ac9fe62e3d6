import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { evaluate, violationMessage } from '../../../../src/detect/podsecurity/evaluate.ts';
import { CHECKS } from '../../../../src/detect/podsecurity/registry.ts';
import type { Violation } from '../../../../src/record/signal.ts';

interface Segment {
  readonly since: string;
  readonly violations: readonly Violation[];
  readonly forbidden: string;
}

interface OwnPod {
  readonly name: string;
  readonly pod: { readonly metadata?: unknown; readonly spec?: unknown };
  readonly expected: Readonly<Record<'baseline' | 'restricted', readonly Segment[]>>;
}

const FIXTURE = join(import.meta.dirname, '../../../fixtures/podsecurity/pods.json');
const { pods } = JSON.parse(readFileSync(FIXTURE, 'utf8')) as { readonly pods: readonly OwnPod[] };

/** Two versions beyond the newest check, which must be judged like latest. */
const NEWEST = 39;
const VERSIONS: readonly (number | 'latest')[] = [...Array(NEWEST + 1).keys(), 'latest'];

for (const { name, pod, expected } of pods) {
  test(`own pod ${name}`, () => {
    for (const level of ['baseline', 'restricted'] as const) {
      for (const version of VERSIONS) {
        const text = version === 'latest' ? 'latest' : `v1.${version}`;
        const segment = inForce(expected[level], version);
        const violations = evaluate(pod, level, version);
        assert.deepEqual(violations, segment.violations, `${level}:${text}`);
        assert.equal(
          violationMessage(violations, level, text),
          `violates PodSecurity "${level}:${text}": ${segment.forbidden}`,
        );
      }
    }
  });
}

for (const { id, level, versions } of CHECKS) {
  for (const { since } of versions) {
    test(`own pods show ${id} change at 1.${since}`, () => {
      const changed = pods.some(({ expected }) => {
        const after = detailsOf(id, inForce(expected[level], since));
        const before = since === 0 ? [] : detailsOf(id, inForce(expected[level], since - 1));
        return JSON.stringify(after) !== JSON.stringify(before);
      });
      assert.ok(changed);
    });
  }
}

test('own pods show every override replace its baseline check', () => {
  for (const { id, versions } of CHECKS) {
    for (const { since, overrides } of versions) {
      if (overrides === undefined) continue;
      const shown = pods.some(
        ({ expected }) =>
          detailsOf(overrides, inForce(expected.baseline, since)).length > 0 &&
          detailsOf(overrides, inForce(expected.restricted, since)).length === 0,
      );
      assert.ok(shown, `${id} over ${overrides} at 1.${since}`);
    }
  }
});

test('every check has its level, first version and steps as published', () => {
  const table = CHECKS.map(
    ({ id, level, versions }) => `${id} ${level} ${versions.map(({ since }) => since).join(' ')}`,
  );
  assert.deepEqual(table.sort(), [
    'allowPrivilegeEscalation restricted 8 25',
    'appArmorProfile baseline 0',
    'capabilities_baseline baseline 0',
    'capabilities_restricted restricted 22 25',
    'hostNamespaces baseline 0',
    'hostPathVolumes baseline 0',
    'hostPorts baseline 0',
    'hostProbesAndHostLifecycle baseline 34',
    'privileged baseline 0',
    'procMount baseline 0 35',
    'procMount_restricted restricted 35',
    'restrictedVolumes restricted 0',
    'runAsNonRoot restricted 0 35',
    'runAsUser restricted 23 35',
    'seLinuxOptions baseline 0 31',
    'seccompProfile_baseline baseline 0 19',
    'seccompProfile_restricted restricted 19 25',
    'sysctls baseline 0 27 29 32 37',
    'windowsHostProcess baseline 0',
  ]);
});

function inForce(segments: readonly Segment[], version: number | 'latest'): Segment {
  const minor = version === 'latest' ? NEWEST : version;
  const segment = segments.findLast(({ since }) => Number(since.slice('v1.'.length)) <= minor);
  assert.ok(segment);
  return segment;
}

function detailsOf(check: string, segment: Segment): readonly (string | undefined)[] {
  return segment.violations.filter((violation) => violation.check === check).map(({ detail }) => detail);
}
