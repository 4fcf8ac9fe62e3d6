import assert from 'node:assert/strict';
import test from 'node:test';
import { applyPatch } from '../../../../src/detect/patch/apply.ts';
import { writtenUnseen } from '../../../../src/detect/policy/compare.ts';
import { ADMISSION, kindOf, named, objectOf, withValue } from './support.ts';

const VALIDATING = `${ADMISSION}/validatingwebhookconfigurations`;
const VAP = `${ADMISSION}/validatingadmissionpolicies`;
const VAPB = `${ADMISSION}/validatingadmissionpolicybindings`;
const CONSTRAINT = 'constraints.gatekeeper.sh/k8sallowedrepos';
const KYVERNO = 'kyverno.io/clusterpolicies';
const KUBEWARDEN = 'policies.kubewarden.io/clusteradmissionpolicies';

const RULE = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] };

const CONFIGURATION = objectOf({
  webhooks: [
    {
      name: 'first.x',
      clientConfig: { service: { namespace: 's', name: 'n' }, caBundle: 'x' },
      rules: [RULE],
      failurePolicy: 'Fail',
      namespaceSelector: { matchLabels: { checked: 'yes' } },
    },
    { name: 'second.x', clientConfig: { url: 'https://x.example' }, rules: [RULE], failurePolicy: 'Ignore' },
  ],
});

const POLICY = objectOf({
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: { resourceRules: [RULE] },
    validations: [{ expression: 'object.a' }, { expression: 'object.b' }],
  },
});

const CLUSTER_POLICY = objectOf({
  spec: {
    validationFailureAction: 'Audit',
    rules: [{ name: 'r', match: {}, validate: { failureAction: 'Enforce', pattern: { a: 'b' } } }],
  },
});

const replace = (path: string, value: unknown) => [{ op: 'replace', path, value }];

/** What a patch names, whatever its type, on the object as the API server answered it and on nothing but itself. */
const WEAKENING: readonly (readonly [
  kind: string,
  former: object,
  patch: unknown,
  change: string,
  reason: RegExp,
])[] = [
  [
    VALIDATING,
    CONFIGURATION,
    replace('/webhooks/0/failurePolicy', 'Ignore'),
    'failure-policy-ignore',
    /^webhook \S+: failurePolicy set to Ignore \(former value not seen\)$/,
  ],
  [
    VALIDATING,
    CONFIGURATION,
    { webhooks: [{ name: 'first.x', failurePolicy: 'Ignore' }] },
    'failure-policy-ignore',
    /^webhook first\.x: failurePolicy set to Ignore/,
  ],
  [
    VALIDATING,
    CONFIGURATION,
    { webhooks: [{ name: 'first.x', namespaceSelector: { matchLabels: { a: 'b' } } }] },
    'selector-narrowed',
    /^webhook first\.x: namespaceSelector set to .*a=b/,
  ],
  [
    VALIDATING,
    CONFIGURATION,
    replace('/webhooks/0/objectSelector', { matchLabels: { a: 'b' } }),
    'selector-narrowed',
    /objectSelector set to a=b/,
  ],
  [
    VALIDATING,
    CONFIGURATION,
    [{ op: 'add', path: '/webhooks/0/matchConditions', value: [{ name: 'n', expression: 'false' }] }],
    'match-conditions-added',
    /match condition "false" is never true/,
  ],
  [
    VALIDATING,
    CONFIGURATION,
    { webhooks: [{ name: 'first.x', matchConditions: [{ name: 'n', expression: 'object.x' }] }] },
    'match-conditions-added',
    /match condition "object\.x" was added/,
  ],
  [
    VALIDATING,
    CONFIGURATION,
    replace('/webhooks/1/clientConfig/url', 'https://evil.example'),
    'address-changed',
    /address set to https:\/\/evil\.example/,
  ],
  [VALIDATING, CONFIGURATION, replace('/webhooks/0/rules', []), 'rules-narrowed', /rules no longer cover/],
  [VALIDATING, CONFIGURATION, replace('/webhooks', []), 'webhooks-emptied', /^all webhooks were removed$/],
  [VALIDATING, CONFIGURATION, { webhooks: null }, 'webhooks-emptied', /^all webhooks were removed$/],
  [
    VALIDATING,
    CONFIGURATION,
    [{ op: 'remove', path: '/webhooks' }],
    'webhooks-emptied',
    /^all webhooks were removed$/,
  ],
  [
    VAP,
    POLICY,
    { spec: { failurePolicy: 'Ignore' } },
    'failure-policy-ignore',
    /^failurePolicy set to Ignore/,
  ],
  [VAP, POLICY, replace('/spec/validations', [{ expression: 'true' }]), 'always-true', /always true/],
  [VAP, POLICY, { spec: { validations: [{ expression: '1 == 1' }] } }, 'always-true', /always true/],
  [
    VAP,
    POLICY,
    { spec: { matchConstraints: { namespaceSelector: { matchLabels: { a: 'b' } } } } },
    'selector-narrowed',
    /a=b/,
  ],
  [
    VAPB,
    objectOf({ spec: { policyName: 'p', validationActions: ['Deny'] } }),
    { spec: { validationActions: ['Audit'] } },
    'action-lowered',
    /^validationActions set to Audit/,
  ],
  [
    VAPB,
    objectOf({ spec: { policyName: 'p', validationActions: ['Deny'] } }),
    replace('/spec/validationActions/0', 'Warn'),
    'action-lowered',
    /Warn/,
  ],
  [
    VAPB,
    objectOf({ spec: { policyName: 'p', validationActions: ['Deny'] } }),
    { spec: { matchResources: { namespaceSelector: { matchLabels: { a: 'b' } } } } },
    'selector-narrowed',
    /a=b/,
  ],
  [
    CONSTRAINT,
    objectOf({ spec: { enforcementAction: 'deny', match: {} } }),
    { spec: { enforcementAction: 'dryrun' } },
    'action-lowered',
    /enforcementAction .*dryrun/,
  ],
  [
    CONSTRAINT,
    objectOf({ spec: { enforcementAction: 'deny', match: {} } }),
    { spec: { match: { excludedNamespaces: ['dev'] } } },
    'exemption-added',
    /^excludedNamespaces set to dev/,
  ],
  [
    CONSTRAINT,
    objectOf({ spec: { parameters: { repos: ['a'] } } }),
    [{ op: 'add', path: '/spec/parameters/repos/-', value: '' }],
    'exemption-added',
    /^parameter repos/,
  ],
  [
    KYVERNO,
    CLUSTER_POLICY,
    replace('/spec/rules/0/validate/failureAction', 'Audit'),
    'action-lowered',
    /failureAction set to Audit/,
  ],
  [
    KYVERNO,
    objectOf({ spec: { validationFailureAction: 'Enforce' } }),
    { spec: { validationFailureAction: 'Audit' } },
    'action-lowered',
    /failureAction set to Audit/,
  ],
  [KYVERNO, CLUSTER_POLICY, { spec: { failurePolicy: 'Ignore' } }, 'failure-policy-ignore', /Ignore/],
  [KYVERNO, CLUSTER_POLICY, { spec: { admission: false } }, 'admission-off', /admission set to false/],
  [
    KYVERNO,
    CLUSTER_POLICY,
    replace('/spec/rules/0/exclude', { any: [{ resources: { namespaces: ['x'] } }] }),
    'exemption-added',
    /exclude/,
  ],
  [KYVERNO, CLUSTER_POLICY, replace('/spec/rules', []), 'rule-removed', /was removed/],
  [
    KUBEWARDEN,
    objectOf({ spec: { mode: 'protect' } }),
    { spec: { mode: 'monitor' } },
    'action-lowered',
    /^mode set to monitor/,
  ],
];

for (const [kind, former, patch, change, reason] of WEAKENING) {
  test(`${kind.split('/').at(-1)}: ${JSON.stringify(patch)} is judged by what it names`, () => {
    for (const after of [applyPatch(former, patch), applyPatch(undefined, patch)]) {
      const found = named(kind, patch, after);
      assert.equal(found.effect, 'weakened', JSON.stringify(found));
      assert.ok(found.changes.includes(change), JSON.stringify(found));
      assert.match(found.reasons[0]!, reason);
    }
  });
}

test('what a patch takes out of an object is seen where the answer shows the rest', () => {
  const cases: readonly [kind: string, former: object, patch: unknown, effect: string, change: string][] = [
    [VALIDATING, CONFIGURATION, [{ op: 'remove', path: '/webhooks/0' }], 'weakened', 'webhook-removed'],
    [
      VALIDATING,
      CONFIGURATION,
      { webhooks: [{ name: 'first.x', $patch: 'delete' }] },
      'weakened',
      'webhook-removed',
    ],
    [
      VALIDATING,
      CONFIGURATION,
      [{ op: 'remove', path: '/webhooks/0/rules/0' }],
      'weakened',
      'rules-narrowed',
    ],
    [VAP, POLICY, [{ op: 'remove', path: '/spec/validations/0' }], 'weakened', 'validations-removed'],
    [KYVERNO, CLUSTER_POLICY, [{ op: 'remove', path: '/spec/rules/0' }], 'weakened', 'rule-removed'],
    [
      KYVERNO,
      CLUSTER_POLICY,
      [{ op: 'remove', path: '/spec/rules/0/validate/pattern' }],
      'weakened',
      'validations-removed',
    ],
    [
      CONSTRAINT,
      objectOf({ spec: { match: { excludedNamespaces: ['a'] } } }),
      [{ op: 'remove', path: '/spec/match/excludedNamespaces/0' }],
      'unclear',
      'exemption-removed',
    ],
  ];
  for (const [kind, former, patch, effect, change] of cases) {
    const found = named(kind, patch, applyPatch(former, patch));
    assert.deepEqual(
      [found.effect, found.changes.includes(change)],
      [effect, true],
      JSON.stringify([patch, found]),
    );
  }
});

test('a patch that names the strongest value, or nothing that protects, weakens nothing', () => {
  const cases: readonly [kind: string, former: object, patch: unknown, effect: string][] = [
    [VALIDATING, CONFIGURATION, replace('/webhooks/1/failurePolicy', 'Fail'), 'neutral'],
    [VALIDATING, CONFIGURATION, replace('/webhooks/0/clientConfig/caBundle', 'y'), 'neutral'],
    [VALIDATING, CONFIGURATION, replace('/webhooks/0/namespaceSelector', {}), 'neutral'],
    [VALIDATING, CONFIGURATION, { metadata: { labels: { a: 'b' } } }, 'neutral'],
    [VALIDATING, CONFIGURATION, replace('/webhooks/0/rules', [RULE]), 'unclear'],
    [
      VALIDATING,
      CONFIGURATION,
      [{ op: 'add', path: '/webhooks/-', value: { name: 'third.x', rules: [RULE] } }],
      'unclear',
    ],
    [VAP, POLICY, replace('/spec/validations/0/expression', 'object.c'), 'unclear'],
    [
      VAPB,
      objectOf({ spec: { validationActions: ['Audit'] } }),
      { spec: { validationActions: ['Deny'] } },
      'neutral',
    ],
    [
      CONSTRAINT,
      objectOf({ spec: { enforcementAction: 'warn' } }),
      { spec: { enforcementAction: 'deny' } },
      'neutral',
    ],
  ];
  for (const [kind, former, patch, effect] of cases) {
    const found = named(kind, patch, applyPatch(former, patch));
    assert.equal(found.effect, effect, JSON.stringify([patch, found]));
  }
});

test('of an object that was written whole what is weak may have been so', () => {
  const weak = writtenUnseen(kindOf(VALIDATING), CONFIGURATION);
  assert.equal(weak.effect, 'unclear');
  assert.deepEqual(weak.reasons, [
    'webhook second.x: failurePolicy set to Ignore (former value not seen)',
    'what it was before was not seen',
  ]);
  const strong = withValue(CONFIGURATION, 'webhooks', [{ name: 'x', failurePolicy: 'Fail' }]);
  assert.deepEqual(writtenUnseen(kindOf(VALIDATING), strong).changes, ['former-not-seen']);
});
