import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { comparePolicy } from '../../src/detect/policy/compare.ts';
import { policyFacts } from '../../src/detect/policy/facts.ts';
import { type PolicyKind, policyKindOf } from '../../src/detect/policy/registry.ts';
import { ADMISSION } from '../unit/detect/policy/support.ts';

const KINDS: readonly (readonly [group: string, resource: string])[] = [
  [ADMISSION, 'validatingwebhookconfigurations'],
  [ADMISSION, 'mutatingwebhookconfigurations'],
  [ADMISSION, 'validatingadmissionpolicies'],
  [ADMISSION, 'validatingadmissionpolicybindings'],
  [ADMISSION, 'mutatingadmissionpolicies'],
  ['constraints.gatekeeper.sh', 'anything'],
  ['templates.gatekeeper.sh', 'constrainttemplates'],
  ['config.gatekeeper.sh', 'configs'],
  ['mutations.gatekeeper.sh', 'assign'],
  ['kyverno.io', 'clusterpolicies'],
  ['kyverno.io', 'policyexceptions'],
  ['policies.kyverno.io', 'imagevalidatingpolicies'],
  ['policies.kyverno.io', 'policyexceptions'],
  ['policies.kubewarden.io', 'clusteradmissionpolicies'],
  ['policies.kubewarden.io', 'clusteradmissionpolicygroups'],
  ['policies.kubewarden.io', 'policyservers'],
  ['policy.sigstore.dev', 'clusterimagepolicies'],
  ['config.ratify.deislabs.io', 'verifiers'],
  ['', 'configmaps'],
];

function kindOf([apiGroup, resource]: readonly [string, string]): PolicyKind {
  return policyKindOf({ apiGroup, resource, namespace: '', name: 'kyverno' })!;
}

/** Names of fields that some kind reads, so that arbitrary objects come to where they are compared. */
const NAMES = [
  ...['name', 'expression', 'webhooks', 'spec', 'data', 'rules', 'match', 'any', 'all', 'resources', 'kinds'],
  ...[
    'namespaceSelector',
    'matchLabels',
    'matchExpressions',
    'key',
    'operator',
    'values',
    'parameters',
    'exempt',
  ],
  ...[
    'operations',
    'apiGroups',
    'apiVersions',
    'scope',
    'validations',
    'matchConditions',
    'failurePolicy',
    'mode',
  ],
  ...[
    'validate',
    'exclude',
    'clientConfig',
    'url',
    'targets',
    'exceptions',
    'policyName',
    'ruleNames',
    'metadata',
  ],
];

const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    'Ignore',
    'Fail',
    'true',
    'false',
    '*',
    'a*',
    'In',
    'CREATE',
    'pods/*',
    '',
    null,
    true,
    0,
  ),
  fc.string({ maxLength: 5 }),
);
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;
const object = fc.record({ webhooks: json, spec: json, data: json, metadata: json });
const kind = fc.constantFrom(...KINDS).map(kindOf);

test('nothing differs from itself, in whatever order its lists are', () => {
  fc.assert(
    fc.property(kind, object, fc.infiniteStream(fc.nat()), (one, value, numbers) => {
      const nothing = { engine: one.engine, effect: 'neutral', changes: [], reasons: [] };
      assert.deepEqual(comparePolicy(one, value, structuredClone(value)), nothing);
      assert.deepEqual(comparePolicy(one, value, shuffled(value, numbers)), nothing);
      assert.deepEqual(comparePolicy(one, policyFacts(one, value), value), nothing);
    }),
    { numRuns: 1000 },
  );
});

test('any two objects can be compared, and what is remembered of them gives the same', () => {
  fc.assert(
    fc.property(kind, object, object, (one, before, after) => {
      const change = comparePolicy(one, before, after);
      assert.deepEqual(comparePolicy(one, policyFacts(one, before), policyFacts(one, after)), change);
    }),
    { numRuns: 1000 },
  );
});

function shuffled(value: unknown, numbers: fc.Stream<number>): unknown {
  if (Array.isArray(value)) {
    return value
      .map((element) => ({ element: shuffled(element, numbers), rank: numbers.next().value as number }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ element }) => element);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shuffled(inner, numbers)]));
}

const some = (...values: string[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 });
const resourceRule = fc.record({
  operations: some('CREATE', 'UPDATE', '*'),
  apiGroups: some('', 'apps', '*'),
  apiVersions: fc.constant(['v1']),
  resources: some('pods', 'pods/*', 'deployments', '*'),
});
const requirement = fc.record({
  key: fc.constantFrom('a', 'b'),
  operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
  values: some('x', 'y'),
});
const selector = fc.record({ matchExpressions: fc.array(requirement, { maxLength: 2 }) });
const condition = fc
  .constantFrom('a', 'b', 'a && b', 'a || b', 'true', 'false')
  .map((expression) => ({ expression }));

interface Webhook {
  readonly name: string;
  readonly rules: readonly unknown[];
  readonly matchConditions: readonly unknown[];
  readonly namespaceSelector: { readonly matchExpressions: readonly unknown[] };
  readonly failurePolicy: string;
}

const webhook: fc.Arbitrary<Webhook> = fc.record({
  name: fc.constant('x'),
  rules: fc.uniqueArray(resourceRule, { maxLength: 3 }),
  matchConditions: fc.array(condition, { maxLength: 3 }),
  namespaceSelector: selector,
  failurePolicy: fc.constantFrom('Fail', 'Ignore'),
});

/** One thing that is put in, from which its opposite follows. */
const additions: fc.Arbitrary<(one: Webhook) => Webhook> = fc.oneof(
  resourceRule.map((rule) => (one: Webhook) => ({ ...one, rules: [...one.rules, rule] })),
  condition.map((added) => (one: Webhook) => ({ ...one, matchConditions: [...one.matchConditions, added] })),
  requirement.map((added) => (one: Webhook) => ({
    ...one,
    namespaceSelector: { matchExpressions: [...one.namespaceSelector.matchExpressions, added] },
  })),
  fc.constant((one: Webhook) => ({ ...one, failurePolicy: 'Ignore' })),
);

test('what one change weakens its opposite does not', () => {
  const [group, resource] = KINDS[0]!;
  const effect = (before: Webhook, after: Webhook) =>
    comparePolicy(kindOf([group, resource]), { webhooks: [before] }, { webhooks: [after] }).effect;
  fc.assert(
    fc.property(webhook, additions, (before, add) => {
      const after = add(before);
      const both = [effect(before, after), effect(after, before)];
      assert.ok(both.filter((one) => one === 'weakened').length <= 1, JSON.stringify([before, after, both]));
    }),
    { numRuns: 2000 },
  );
});
