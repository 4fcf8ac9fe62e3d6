import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { evaluate } from '../../src/detect/podsecurity/evaluate.ts';
import { podOf } from '../../src/detect/podsecurity/pod-template.ts';
import { CHECKS } from '../../src/detect/podsecurity/registry.ts';
import { eventWith, recordOf } from '../unit/detect/support.ts';
import { NESTINGS, type Nesting, nested } from './nestings.ts';
import { type Pod, pods } from './pods.ts';
import { RUNS } from './runs.ts';
import { detected, rulesOf } from './shipped.ts';

/** Versions at which a check changes. */
const VERSIONS = [...new Set(CHECKS.flatMap(({ versions }) => versions.map(({ since }) => since)))];

const levels = fc.constantFrom('baseline', 'restricted');
const versions = fc.constantFrom('latest', ...VERSIONS) as fc.Arbitrary<number | 'latest'>;

/** Holds a run to its pods: each check forbade some of them and allowed others. */
class Seen {
  readonly #forbidden = new Map<string, number>();
  #pods = 0;

  add(violations: readonly { readonly check: string }[] = []): void {
    this.#pods++;
    for (const { check } of violations) this.#forbidden.set(check, (this.#forbidden.get(check) ?? 0) + 1);
  }

  assertBoth(checks: readonly string[]): void {
    for (const check of checks) {
      const times = this.#forbidden.get(check) ?? 0;
      assert.ok(times > 0 && times < this.#pods, `${check} forbade ${times} of ${this.#pods} pods`);
    }
  }
}

/**
 * Templates have two things only in JSON: an ephemeral container, which the API server does not take there, and annotations that its defaulting turns into
 * fields. Whoever writes them is refused or gets no more than he asked for, so they are judged like all else.
 */
suite('a pod is judged the same whatever it is nested in', () => {
  test('by the evaluator, at every level and version', () => {
    const seen = new Seen();
    fc.assert(
      fc.property(pods, levels, versions, (pod, level, version) => {
        const expected = evaluate(pod, level, version);
        seen.add(expected);
        for (const nesting of NESTINGS) {
          const object = nested(nesting, pod);
          for (const found of [podOf(object), podOf({ ...object, kind: undefined }, nesting.resource)])
            assert.deepEqual(found && evaluate(found, level, version), expected, nesting.kind);
        }
      }),
      { numRuns: RUNS },
    );
    seen.assertBoth(CHECKS.map(({ id }) => id));
  });

  test('in an event, with the same signals', () => {
    const seen = { baseline: new Seen(), restricted: new Seen() };
    fc.assert(
      fc.property(pods, fc.constantFrom(...WORKLOADS), fc.boolean(), (pod, workload, isAdmitted) => {
        const alone = detected(creation(POD, pod, isAdmitted));
        const within = detected(creation(workload, pod, isAdmitted));
        const expected = alone.signals[0]!.pod_security;
        seen.baseline.add(expected?.baseline);
        seen.restricted.add(expected?.restricted);
        assert.deepEqual(within.signals[0]!.pod_security, expected, workload.kind);
        assert.deepEqual(ofAnyKind(rulesOf(within), workload), ofAnyKind(rulesOf(alone), workload));
      }),
      { numRuns: RUNS },
    );
    // Restricted replaces some checks of baseline, at the latest version those that are missing here.
    seen.baseline.assertBoth(CHECKS.filter(({ level }) => level === 'baseline').map(({ id }) => id));
    seen.restricted.assertBoth(CHECKS.filter(({ level }) => level === 'restricted').map(({ id }) => id));
  });
});

const [POD, ...WORKLOADS] = NESTINGS as readonly [Nesting, ...Nesting[]];

/** Rules that differ by nature: they say that an object of one kind was written, whatever its pod is like. */
const OF_ONE_KIND: ReadonlySet<string> = new Set([
  'attack-persistence',
  'cronjob-changed',
  'daemonset-created',
  'deployment-created',
  'job-changed',
  // Sequences end with it where Pod Security admits a template and refuses its pods.
  'violating-pod-let-in',
  'workload-template-written',
]);

/** The rules of a danger, for pods and for templates: one weighs less, since the pods that come of it have an alert of their own. */
const TWINS: ReadonlyMap<string, string> = new Map([['privileged-template-admitted', 'privileged-admitted']]);

/** The rules that must match in every nesting. */
function ofAnyKind(rules: readonly string[], { kind }: Nesting): string[] {
  return (
    rules
      .filter((rule) => !OF_ONE_KIND.has(rule))
      // No step of an attack is taken yet: nothing runs what a PodTemplate holds.
      .filter((rule) => kind !== 'PodTemplate' || rule !== 'attack-escalation')
      .map((rule) => TWINS.get(rule) ?? rule)
      .sort()
  );
}

const DENIED = {
  responseStatus: {
    status: 'Failure',
    message: 'admission webhook "policy.example.com" denied the request: no',
    code: 403,
  },
};

function creation(nesting: Nesting, pod: Pod, isAdmitted: boolean) {
  const { resource, apiGroup } = nesting;
  const object = nested(nesting, pod);
  const objectRef = {
    resource,
    namespace: 'dev',
    name: 'x',
    ...(apiGroup && { apiGroup }),
    apiVersion: 'v1',
  };
  const answer = isAdmitted ? { responseObject: object } : DENIED;
  return recordOf(eventWith({ requestURI: undefined, objectRef, requestObject: object, ...answer }));
}
