import assert from 'node:assert/strict';
import test from 'node:test';
import { createdAnew } from '../../../../src/detect/policy/compare.ts';
import { policyFacts } from '../../../../src/detect/policy/facts.ts';
import { ADMISSION, compared, kindOf, objectOf, reversed, withValue } from './support.ts';

const RULE = {
  operations: ['CREATE', 'UPDATE'],
  apiGroups: ['', 'apps'],
  apiVersions: ['v1'],
  resources: ['pods', 'deployments'],
};
const NARROW_RULE = { ...RULE, resources: ['pods'] };

const SERVICE = { service: { namespace: 'sec', name: 'hook', path: '/v' }, caBundle: 'Q0E=' };

const WEBHOOK = {
  name: 'validate.x',
  clientConfig: SERVICE,
  rules: [RULE],
  failurePolicy: 'Fail',
  matchPolicy: 'Equivalent',
  namespaceSelector: { matchExpressions: [{ key: 'name', operator: 'NotIn', values: ['kube-system'] }] },
  objectSelector: {},
  matchConditions: [{ name: 'not-leases', expression: 'request.resource.resource != "leases"' }],
  timeoutSeconds: 10,
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
};
const SECOND = { ...WEBHOOK, name: 'other.x', clientConfig: { url: 'https://other.example/x' } };
const CONFIGURATION = objectOf({ webhooks: [WEBHOOK, SECOND] });

const POLICY = objectOf({
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: {
      resourceRules: [RULE],
      matchPolicy: 'Equivalent',
      namespaceSelector: {},
      objectSelector: {},
    },
    matchConditions: [{ name: 'a', expression: 'request.userInfo.username != "x"' }],
    variables: [{ name: 'containers', expression: 'object.spec.containers' }],
    validations: [
      { expression: 'variables.containers.all(c, !c.privileged)', message: 'no' },
      { expression: '!object.spec.hostPID && !object.spec.hostIPC' },
    ],
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
  },
});

const SIGNED = objectOf({
  spec: {
    mode: 'enforce',
    images: [{ glob: 'ghcr.io/**' }, { glob: 'quay.io/**' }],
    authorities: [{ name: 'release', keyless: { identities: [{ issuer: 'i', subject: 's' }] } }],
    policy: { type: 'cue', data: 'predicateType: "x"' },
  },
});

const BINDING = objectOf({
  spec: {
    policyName: 'p',
    validationActions: ['Deny', 'Audit'],
    paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' },
    matchResources: { namespaceSelector: { matchLabels: { env: 'prod' } }, matchPolicy: 'Equivalent' },
  },
});

const CONSTRAINT = objectOf({
  spec: {
    enforcementAction: 'deny',
    match: {
      kinds: [{ apiGroups: ['', 'apps'], kinds: ['Pod', 'Deployment'] }],
      namespaces: ['team-*'],
      excludedNamespaces: ['kube-system'],
      labelSelector: { matchLabels: { tier: 'web' } },
      scope: '*',
      source: 'All',
    },
    parameters: {
      repos: ['registry.corp/'],
      exemptImages: [],
      requiredDropCapabilities: ['ALL'],
      runAsUser: { rule: 'MustRunAsNonRoot' },
    },
  },
});
const SCOPED = withValue(
  withValue(CONSTRAINT, 'spec.enforcementAction', 'scoped'),
  'spec.scopedEnforcementActions',
  [
    { action: 'deny', enforcementPoints: [{ name: 'validation.gatekeeper.sh' }] },
    { action: 'warn', enforcementPoints: [{ name: 'audit.gatekeeper.sh' }] },
  ],
);

const TEMPLATE = objectOf({
  spec: {
    crd: { spec: { names: { kind: 'X' } } },
    targets: [
      {
        target: 'admission.k8s.gatekeeper.sh',
        rego: 'package x\nviolation[{"msg": "no"}] { input.review.object.spec.hostPID }',
        code: [
          {
            engine: 'K8sNativeValidation',
            source: { validations: [{ expression: '!object.spec.hostPID' }] },
          },
        ],
      },
    ],
  },
});

const CONFIG = objectOf({
  spec: {
    match: [{ excludedNamespaces: ['kube-*'], processes: ['webhook', 'audit'] }],
    sync: { syncOnly: [] },
  },
});

const EXPANSION = objectOf({
  spec: {
    applyTo: [{ groups: ['apps'], versions: ['v1'], kinds: ['Deployment'] }],
    templateSource: 'spec.template',
  },
});

const ASSIGN = objectOf({
  spec: {
    applyTo: [{ groups: [''], versions: ['v1'], kinds: ['Pod'] }],
    match: { scope: 'Namespaced' },
    location: 'spec.securityContext.runAsNonRoot',
    parameters: { assign: { value: true } },
  },
});

const POD_FILTER = { resources: { kinds: ['Pod', 'apps/v1/Deployment'], namespaces: ['team-*', 'prod'] } };
const KYVERNO = objectOf({
  spec: {
    admission: true,
    background: true,
    failurePolicy: 'Fail',
    validationFailureAction: 'Audit',
    validationFailureActionOverrides: [{ action: 'Enforce', namespaces: ['prod', 'stage'] }],
    rules: [
      {
        name: 'privileged',
        match: { any: [POD_FILTER] },
        exclude: { any: [{ resources: { namespaces: ['kube-system'] } }] },
        preconditions: { all: [{ key: '{{request.operation}}', operator: 'NotEquals', value: 'DELETE' }] },
        validate: { failureAction: 'Enforce', pattern: { spec: { hostPID: 'false' } } },
      },
      {
        name: 'levels',
        match: { all: [POD_FILTER] },
        validate: { failureAction: 'Enforce', podSecurity: { level: 'restricted', version: 'latest' } },
      },
      {
        name: 'denied',
        match: { any: [POD_FILTER] },
        validate: { deny: { conditions: { any: [{ key: 'a', operator: 'Equals', value: 'b' }] } } },
      },
      {
        name: 'cel',
        match: { any: [POD_FILTER] },
        celPreconditions: [{ name: 'x', expression: 'object.kind == "Pod"' }],
        validate: {
          failureAction: 'Enforce',
          cel: { expressions: [{ expression: '!object.spec.hostPID' }] },
        },
      },
      {
        name: 'signed',
        match: { any: [POD_FILTER] },
        verifyImages: [
          { imageReferences: ['ghcr.io/*'], required: true, verifyDigest: true, failureAction: 'Enforce' },
        ],
      },
    ],
  },
});

const KYVERNO_CEL = objectOf({
  spec: {
    validationActions: ['Deny'],
    evaluation: { admission: { enabled: true }, mode: 'Kubernetes' },
    matchConstraints: { resourceRules: [RULE] },
    validations: [{ expression: '!object.spec.hostPID' }],
  },
});

const IMAGES = withValue(
  withValue(KYVERNO_CEL, 'spec.matchImageReferences', [{ glob: 'ghcr.io/*' }, { glob: 'docker.io/*' }]),
  'spec.validationConfigurations',
  { required: true, verifyDigest: true },
);

const EXCEPTION = objectOf({
  spec: {
    exceptions: [{ policyName: 'privileged', ruleNames: ['agents'] }],
    match: { any: [{ resources: { kinds: ['Pod'], names: ['agent-0'], namespaces: ['mon'] } }] },
    conditions: { all: [{ key: 'a', operator: 'Equals', value: 'b' }] },
  },
});

const CEL_EXCEPTION = objectOf({
  spec: {
    policyRefs: [{ name: 'p', kind: 'ValidatingPolicy' }],
    matchConditions: [{ name: 'x', expression: 'object.x' }],
  },
});

const KYVERNO_CONFIG = objectOf({
  data: {
    resourceFilters: '[Event,*,*][*,kube-system,*]',
    excludeGroups: 'system:nodes',
    excludeUsernames: '!system:kube-scheduler',
    webhooks: '[{"namespaceSelector":{"matchExpressions":[{"key":"n","operator":"NotIn","values":["a"]}]}}]',
  },
});

const KUBEWARDEN = objectOf({
  spec: {
    mode: 'protect',
    module: 'registry://ghcr.io/p:v1',
    policyServer: 'default',
    mutating: false,
    rules: [RULE],
    failurePolicy: 'Fail',
    namespaceSelector: { matchExpressions: [{ key: 'n', operator: 'NotIn', values: ['a'] }] },
    settings: { allowed_capabilities: ['CHOWN'], required_drop_capabilities: ['NET_ADMIN'], rule: 'x' },
  },
});

const GROUP = objectOf({
  spec: {
    mode: 'protect',
    rules: [RULE],
    expression: 'signed() && latest()',
    policies: { signed: { module: 'm:v1', settings: {} }, latest: { module: 'l:v1' } },
  },
});

const SERVER = objectOf({
  spec: { image: 'i:v1', replicas: 2, verificationConfig: 'signatures', insecureSources: ['a'] },
});

const VALIDATING = `${ADMISSION}/validatingwebhookconfigurations`;
const MUTATING = `${ADMISSION}/mutatingwebhookconfigurations`;
const VAP = `${ADMISSION}/validatingadmissionpolicies`;
const VAPB = `${ADMISSION}/validatingadmissionpolicybindings`;
const SIGSTORE = 'policy.sigstore.dev/clusterimagepolicies';
const GATEKEEPER = 'constraints.gatekeeper.sh/k8spspprivilegedcontainer';

/** Object, where it is changed, to what; what that is called, and how it reads. Each of them weakens, and taken back does not. */
const WEAKENINGS: readonly (readonly [
  kind: string,
  object: object,
  path: string,
  value: unknown,
  change: string,
  reason: RegExp,
])[] = [
  [
    VALIDATING,
    CONFIGURATION,
    'webhooks.0.failurePolicy',
    'Ignore',
    'failure-policy-ignore',
    /^webhook validate\.x: failurePolicy Fail → Ignore$/,
  ],
  [
    MUTATING,
    CONFIGURATION,
    'webhooks.1.failurePolicy',
    'Ignore',
    'failure-policy-ignore',
    /^webhook other\.x: failurePolicy Fail → Ignore$/,
  ],
  [
    VALIDATING,
    CONFIGURATION,
    'webhooks.0.rules',
    [NARROW_RULE],
    'rules-narrowed',
    /rules no longer cover CREATE deployments, CREATE apps\/deployments, UPDATE deployments and 1 more/,
  ],
  [VALIDATING, CONFIGURATION, 'webhooks.0.rules', [], 'rules-narrowed', /rules no longer cover/],
  [
    VALIDATING,
    CONFIGURATION,
    'webhooks.0.namespaceSelector.matchLabels',
    { a: 'b' },
    'selector-narrowed',
    /namespaceSelector name notin \(kube-system\) → a=b,name notin \(kube-system\)/,
  ],
  [
    VALIDATING,
    CONFIGURATION,
    'webhooks.0.namespaceSelector.matchExpressions.0.values',
    ['kube-system', 'victim'],
    'selector-narrowed',
    /notin \(kube-system,victim\)/,
  ],
  [
    VALIDATING,
    CONFIGURATION,
    'webhooks.0.objectSelector',
    { matchLabels: { x: 'y' } },
    'selector-narrowed',
    /objectSelector everything → x=y/,
  ],
  [
    VALIDATING,
    CONFIGURATION,
    'webhooks.0.matchConditions.1',
    { name: 'never', expression: 'false' },
    'match-conditions-added',
    /match condition "false" is never true/,
  ],
  [
    VALIDATING,
    CONFIGURATION,
    'webhooks.0.matchConditions.1',
    { name: 'some', expression: 'object.x' },
    'match-conditions-added',
    /match condition "object\.x" was added/,
  ],
  [
    VALIDATING,
    CONFIGURATION,
    'webhooks.0.matchConditions.0.expression',
    'request.resource.resource != "leases" && 1 == 2',
    'match-conditions-added',
    /is never true/,
  ],
  [
    VALIDATING,
    CONFIGURATION,
    'webhooks.0.matchPolicy',
    'Exact',
    'match-policy-exact',
    /matchPolicy Equivalent → Exact/,
  ],
  [VALIDATING, CONFIGURATION, 'webhooks.1', undefined, 'webhook-removed', /^webhook other\.x was removed$/],
  [VALIDATING, CONFIGURATION, 'webhooks', [], 'webhooks-emptied', /^all webhooks were removed$/],
  [MUTATING, CONFIGURATION, 'webhooks', undefined, 'webhooks-emptied', /^all webhooks were removed$/],
  [VAP, POLICY, 'spec.failurePolicy', 'Ignore', 'failure-policy-ignore', /^failurePolicy Fail → Ignore$/],
  [
    VAP,
    POLICY,
    'spec.validations',
    [{ expression: 'true' }],
    'always-true',
    /^validation "true" is always true$/,
  ],
  [
    VAP,
    POLICY,
    'spec.validations.0.expression',
    '1 == 1',
    'always-true',
    /^validation "1 == 1" is always true$/,
  ],
  [
    VAP,
    POLICY,
    'spec.validations.1.expression',
    '!object.spec.hostPID',
    'validations-loosened',
    /loosened to/,
  ],
  [
    VAP,
    POLICY,
    'spec.validations.0.expression',
    'variables.containers.all(c, !c.privileged) || object.metadata.name == "x"',
    'validations-loosened',
    /loosened to/,
  ],
  [VAP, POLICY, 'spec.validations.1', undefined, 'validations-removed', /was removed/],
  [
    VAP,
    POLICY,
    'spec.matchConstraints.resourceRules',
    [NARROW_RULE],
    'rules-narrowed',
    /resourceRules no longer cover/,
  ],
  [
    VAP,
    POLICY,
    'spec.matchConstraints.excludeResourceRules',
    [NARROW_RULE],
    'exemption-added',
    /excludeResourceRules now also cover/,
  ],
  [
    VAP,
    POLICY,
    'spec.matchConstraints.namespaceSelector',
    { matchLabels: { a: 'b' } },
    'selector-narrowed',
    /namespaceSelector everything → a=b/,
  ],
  [
    VAP,
    POLICY,
    'spec.matchConditions.1',
    { name: 'b', expression: '!true' },
    'match-conditions-added',
    /never true/,
  ],
  [
    `${ADMISSION}/mutatingadmissionpolicies`,
    POLICY,
    'spec.failurePolicy',
    'Ignore',
    'failure-policy-ignore',
    /Ignore/,
  ],
  [
    VAPB,
    BINDING,
    'spec.validationActions',
    ['Audit'],
    'action-lowered',
    /^validationActions Deny,Audit → Audit$/,
  ],
  [VAPB, BINDING, 'spec.validationActions', ['Warn'], 'action-lowered', /→ Warn$/],
  [
    VAPB,
    withValue(BINDING, 'spec.validationActions', ['Warn', 'Audit']),
    'spec.validationActions',
    ['Warn'],
    'action-lowered',
    /→ Warn$/,
  ],
  [
    VAPB,
    BINDING,
    'spec.matchResources.namespaceSelector',
    { matchLabels: { env: 'prod', tier: 'web' } },
    'selector-narrowed',
    /namespaceSelector env=prod → env=prod,tier=web/,
  ],
  [
    VAPB,
    BINDING,
    'spec.matchResources.resourceRules',
    [RULE],
    'rules-narrowed',
    /resourceRules no longer cover CREATE \*\/\*\/\*/,
  ],
  [
    VAPB,
    BINDING,
    'spec.matchResources.excludeResourceRules',
    [RULE],
    'exemption-added',
    /excludeResourceRules now also cover/,
  ],
  [
    VAPB,
    BINDING,
    'spec.paramRef.parameterNotFoundAction',
    'Allow',
    'missing-parameters-allowed',
    /Deny → Allow/,
  ],
  [
    `${ADMISSION}/mutatingadmissionpolicybindings`,
    BINDING,
    'spec.matchResources.objectSelector',
    { matchLabels: { a: 'b' } },
    'selector-narrowed',
    /a=b/,
  ],
  [
    GATEKEEPER,
    CONSTRAINT,
    'spec.enforcementAction',
    'dryrun',
    'action-lowered',
    /^enforcementAction deny → dryrun$/,
  ],
  [GATEKEEPER, CONSTRAINT, 'spec.enforcementAction', 'warn', 'action-lowered', /deny → warn/],
  [
    GATEKEEPER,
    SCOPED,
    'spec.scopedEnforcementActions.0.action',
    'warn',
    'action-lowered',
    /^enforcementAction deny → warn$/,
  ],
  [
    GATEKEEPER,
    SCOPED,
    'spec.scopedEnforcementActions.0.enforcementPoints',
    [{ name: 'audit.gatekeeper.sh' }],
    'action-lowered',
    /deny → none/,
  ],
  [
    GATEKEEPER,
    CONSTRAINT,
    'spec.match.kinds',
    [{ apiGroups: [''], kinds: ['Pod'] }],
    'match-narrowed',
    /^kinds Pod,Deployment,Pod,Deployment → Pod$/,
  ],
  [
    GATEKEEPER,
    CONSTRAINT,
    'spec.match.namespaces',
    ['team-a'],
    'match-narrowed',
    /^namespaces team-\* → team-a$/,
  ],
  [
    GATEKEEPER,
    withValue(CONSTRAINT, 'spec.match.namespaces', undefined),
    'spec.match.namespaces',
    ['dev'],
    'match-narrowed',
    /^namespaces all → dev$/,
  ],
  [
    GATEKEEPER,
    CONSTRAINT,
    'spec.match.excludedNamespaces',
    ['kube-system', 'victim'],
    'exemption-added',
    /^excludedNamespaces kube-system → kube-system,victim$/,
  ],
  [GATEKEEPER, CONSTRAINT, 'spec.match.excludedNamespaces', ['*'], 'exemption-added', /→ \*$/],
  [
    GATEKEEPER,
    CONSTRAINT,
    'spec.match.labelSelector.matchLabels.team',
    'a',
    'selector-narrowed',
    /labelSelector tier=web → tier=web,team=a/,
  ],
  [
    GATEKEEPER,
    CONSTRAINT,
    'spec.match.namespaceSelector',
    { matchLabels: { a: 'b' } },
    'selector-narrowed',
    /everything → a=b/,
  ],
  [GATEKEEPER, CONSTRAINT, 'spec.match.scope', 'Cluster', 'match-narrowed', /^scope \* → Cluster$/],
  [GATEKEEPER, CONSTRAINT, 'spec.match.name', 'nothing', 'match-narrowed', /^name \* → nothing$/],
  [GATEKEEPER, CONSTRAINT, 'spec.match.source', 'Generated', 'match-narrowed', /^source All → Generated$/],
  [
    GATEKEEPER,
    CONSTRAINT,
    'spec.parameters.exemptImages',
    ['evil/*'],
    'exemption-added',
    /^parameter exemptImages: with evil\/\*$/,
  ],
  [
    GATEKEEPER,
    CONSTRAINT,
    'spec.parameters.repos',
    ['registry.corp/', ''],
    'exemption-added',
    /^parameter repos: with/,
  ],
  [
    GATEKEEPER,
    CONSTRAINT,
    'spec.parameters.requiredDropCapabilities',
    [],
    'demand-removed',
    /^parameter requiredDropCapabilities: without ALL$/,
  ],
  [
    GATEKEEPER,
    CONSTRAINT,
    'spec.parameters.allowPrivileged',
    true,
    'exemption-added',
    /^parameter allowPrivileged none → true$/,
  ],
  [
    'templates.gatekeeper.sh/constrainttemplates',
    TEMPLATE,
    'spec.targets.0.code.0.source.validations.0.expression',
    'true',
    'always-true',
    /target admission\.k8s\.gatekeeper\.sh: code for K8sNativeValidation: validation "true" is always true/,
  ],
  [
    'config.gatekeeper.sh/configs',
    CONFIG,
    'spec.match.1',
    { excludedNamespaces: ['victim'], processes: ['*'] },
    'exemption-added',
    /excluded namespaces kube-\* \(webhook\), kube-\* \(audit\) → .*victim \(\*\)/,
  ],
  [
    'config.gatekeeper.sh/configs',
    CONFIG,
    'spec.match.0.processes',
    ['*'],
    'exemption-added',
    /→ kube-\* \(\*\)/,
  ],
  [
    'expansion.gatekeeper.sh/expansiontemplate',
    EXPANSION,
    'spec.enforcementAction',
    'warn',
    'action-lowered',
    /deny → warn/,
  ],
  ['expansion.gatekeeper.sh/expansiontemplate', EXPANSION, 'spec.applyTo', [], 'match-narrowed', /applyTo/],
  [
    'mutations.gatekeeper.sh/assign',
    ASSIGN,
    'spec.match.excludedNamespaces',
    ['x'],
    'exemption-added',
    /excludedNamespaces none → x/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.0.validate.failureAction',
    'Audit',
    'action-lowered',
    /^rule privileged: failureAction Enforce → Audit$/,
  ],
  [
    'kyverno.io/policies',
    withValue(
      withValue(KYVERNO, 'spec.rules', [{ name: 'r', validate: { pattern: {} } }]),
      'spec.validationFailureAction',
      'enforce',
    ),
    'spec.validationFailureAction',
    'audit',
    'action-lowered',
    /^rule r: failureAction enforce → audit$/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.validationFailureActionOverrides.0.namespaces',
    ['prod'],
    'action-lowered',
    /override .*stage.* was removed/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.validationFailureActionOverrides.1',
    { action: 'Audit', namespaces: ['victim'] },
    'action-lowered',
    /override .*victim.* was added/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.0.validate.failureActionOverrides',
    [{ action: 'Audit', namespaces: ['x'] }],
    'action-lowered',
    /^rule privileged: override/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.failurePolicy',
    'Ignore',
    'failure-policy-ignore',
    /Fail → Ignore/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.webhookConfiguration',
    { failurePolicy: 'Ignore' },
    'failure-policy-ignore',
    /Fail → Ignore/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.webhookConfiguration',
    { matchConditions: [{ name: 'x', expression: 'false' }] },
    'match-conditions-added',
    /never true/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.admission',
    false,
    'admission-off',
    /^admission true → false$/,
  ],
  ['kyverno.io/clusterpolicies', KYVERNO, 'spec.applyRules', 'One', 'first-rule-only', /All → One/],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.1',
    undefined,
    'rule-removed',
    /^rule levels was removed$/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.0.match.any.0.resources.kinds',
    ['Pod'],
    'match-narrowed',
    /^rule privileged: match/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.0.match.any.0.resources.namespaces',
    ['team-a', 'prod'],
    'match-narrowed',
    /match/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.0.match.any.0.resources.operations',
    ['CREATE'],
    'match-narrowed',
    /match/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.0.match.any.0.resources.selector',
    { matchLabels: { a: 'b' } },
    'match-narrowed',
    /match/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.0.match',
    { all: [POD_FILTER, { subjects: [{ kind: 'User', name: 'nobody' }] }] },
    'match-narrowed',
    /match/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.0.match.any.0.subjects',
    [{ kind: 'User', name: 'x' }],
    'match-narrowed',
    /match/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.1.match.all.1',
    { resources: { names: ['x'] } },
    'match-narrowed',
    /^rule levels: match/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.0.exclude.any.1',
    { resources: { namespaces: ['victim'] } },
    'exemption-added',
    /^rule privileged: exclude/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.1.exclude',
    { any: [{ subjects: [{ kind: 'User', name: 'x' }] }] },
    'exemption-added',
    /^rule levels: exclude none/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.0.preconditions.all.1',
    { key: 'a', operator: 'Equals', value: 'b' },
    'preconditions-added',
    /preconditions/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.2.preconditions',
    { any: [{ key: 'a', operator: 'Equals', value: 'b' }] },
    'preconditions-added',
    /^rule denied: preconditions none/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.3.celPreconditions.0.expression',
    'false',
    'match-conditions-added',
    /never true/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.0.validate.pattern',
    undefined,
    'validations-removed',
    /^rule privileged: pattern was removed$/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.1.validate.podSecurity.level',
    'baseline',
    'level-lowered',
    /restricted → baseline/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.1.validate.podSecurity.exclude',
    [{ controlName: 'HostPath Volumes' }],
    'exemption-added',
    /podSecurity\.exclude none/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.2.validate.deny.conditions',
    { any: [] },
    'validations-loosened',
    /deny\.conditions/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.3.validate.cel.expressions.0.expression',
    'true',
    'always-true',
    /^rule cel: validation "true" is always true$/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.4.verifyImages.0.required',
    false,
    'verification-optional',
    /required true → false/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.4.verifyImages.0.imageReferences',
    ['ghcr.io/corp/*'],
    'match-narrowed',
    /imageReferences/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.4.verifyImages.0.skipImageReferences',
    ['ghcr.io/evil/*'],
    'exemption-added',
    /skipImageReferences/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.4.verifyImages',
    [],
    'verification-removed',
    /^rule signed: verification of images was removed$/,
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'metadata.annotations',
    { 'pod-policies.kyverno.io/autogen-controllers': 'none' },
    'match-narrowed',
    /autogen controllers none → none|autogen controllers/,
  ],
  [
    'policies.kyverno.io/validatingpolicies',
    KYVERNO_CEL,
    'spec.validationActions',
    ['Audit'],
    'action-lowered',
    /Deny → Audit/,
  ],
  [
    'policies.kyverno.io/namespacedvalidatingpolicies',
    KYVERNO_CEL,
    'spec.evaluation.admission.enabled',
    false,
    'admission-off',
    /admission true → false/,
  ],
  [
    'policies.kyverno.io/validatingpolicies',
    KYVERNO_CEL,
    'spec.matchConstraints.resourceRules',
    [NARROW_RULE],
    'rules-narrowed',
    /no longer cover/,
  ],
  [
    'policies.kyverno.io/imagevalidatingpolicies',
    IMAGES,
    'spec.matchImageReferences.1',
    undefined,
    'match-narrowed',
    /matchImageReferences/,
  ],
  [
    'policies.kyverno.io/imagevalidatingpolicies',
    IMAGES,
    'spec.validationConfigurations.required',
    false,
    'verification-optional',
    /required true → false/,
  ],
  [
    'policies.kyverno.io/mutatingpolicies',
    KYVERNO_CEL,
    'spec.matchConditions',
    [{ name: 'x', expression: 'false' }],
    'match-conditions-added',
    /never/,
  ],
  [
    'kyverno.io/policyexceptions',
    EXCEPTION,
    'spec.exceptions.0.ruleNames',
    ['agents', '*'],
    'exemption-added',
    /exceptions privileged\/agents → privileged\/agents, privileged\/\*/,
  ],
  [
    'kyverno.io/policyexceptions',
    EXCEPTION,
    'spec.match.any.0.resources.names',
    ['*'],
    'exemption-added',
    /match/,
  ],
  ['kyverno.io/policyexceptions', EXCEPTION, 'spec.conditions', undefined, 'exemption-added', /conditions/],
  [
    'policies.kyverno.io/policyexceptions',
    CEL_EXCEPTION,
    'spec.policyRefs.1',
    { name: 'q', kind: 'ValidatingPolicy' },
    'exemption-added',
    /policyRefs/,
  ],
  [
    'policies.kyverno.io/policyexceptions',
    CEL_EXCEPTION,
    'spec.matchConditions',
    [{ name: 'x', expression: 'true' }],
    'exemption-added',
    /matchConditions/,
  ],
  [
    '/configmaps',
    KYVERNO_CONFIG,
    'data.resourceFilters',
    '[Event,*,*][*,kube-system,*][*,victim,*]',
    'exemption-added',
    /resourceFilters/,
  ],
  [
    '/configmaps',
    KYVERNO_CONFIG,
    'data.excludeGroups',
    'system:nodes,system:authenticated',
    'exemption-added',
    /excludeGroups/,
  ],
  [
    '/configmaps',
    KYVERNO_CONFIG,
    'data.webhooks',
    '{"namespaceSelector":{"matchExpressions":[{"key":"n","operator":"NotIn","values":["a","b"]}]}}',
    'selector-narrowed',
    /webhooks/,
  ],
  [
    'policies.kubewarden.io/clusteradmissionpolicies',
    KUBEWARDEN,
    'spec.mode',
    'monitor',
    'action-lowered',
    /^mode protect → monitor$/,
  ],
  [
    'policies.kubewarden.io/admissionpolicies',
    KUBEWARDEN,
    'spec.rules',
    [NARROW_RULE],
    'rules-narrowed',
    /no longer cover/,
  ],
  [
    'policies.kubewarden.io/clusteradmissionpolicies',
    KUBEWARDEN,
    'spec.settings.allowed_capabilities',
    ['CHOWN', 'SYS_ADMIN'],
    'exemption-added',
    /with SYS_ADMIN/,
  ],
  [
    'policies.kubewarden.io/clusteradmissionpolicies',
    KUBEWARDEN,
    'spec.settings.required_drop_capabilities',
    [],
    'demand-removed',
    /without NET_ADMIN/,
  ],
  [
    'policies.kubewarden.io/clusteradmissionpolicies',
    KUBEWARDEN,
    'spec.objectSelector',
    { matchLabels: { a: 'b' } },
    'selector-narrowed',
    /a=b/,
  ],
  [
    'policies.kubewarden.io/clusteradmissionpolicygroups',
    GROUP,
    'spec.expression',
    'signed()',
    'validations-loosened',
    /expression/,
  ],
  [
    'policies.kubewarden.io/admissionpolicygroups',
    GROUP,
    'spec.expression',
    '(signed() && latest()) || true',
    'validations-loosened',
    /expression/,
  ],
  ['policies.kubewarden.io/policyservers', SERVER, 'spec.replicas', 0, 'scaled-to-zero', /replicas 2 → 0/],
  [SIGSTORE, SIGNED, 'spec.mode', 'warn', 'action-lowered', /^mode enforce → warn$/],
  [SIGSTORE, SIGNED, 'spec.images', [{ glob: 'ghcr.io/**' }], 'match-narrowed', /images/],
  [SIGSTORE, SIGNED, 'spec.match', [{ resource: 'pods', version: 'v1' }], 'match-narrowed', /match/],
  [
    SIGSTORE,
    SIGNED,
    'spec.authorities.1',
    { name: 'mine', key: { data: 'x' } },
    'authority-added',
    /authority mine was added/,
  ],
  [
    SIGSTORE,
    SIGNED,
    'spec.authorities.0',
    { name: 'release', static: { action: 'pass' } },
    'verification-optional',
    /every image/,
  ],
  [SIGSTORE, SIGNED, 'spec.policy', undefined, 'validations-removed', /policy was removed/],
  [
    'kyverno.io/clusterpolicies',
    objectOf({ spec: {} }),
    'metadata.labels',
    { 'cleanup.kyverno.io/ttl': '1m' },
    'deletion-scheduled',
    /ttl=1m/,
  ],
  [
    VALIDATING,
    CONFIGURATION,
    'metadata.labels',
    { 'cleanup.kyverno.io/ttl': '2026-12-01' },
    'deletion-scheduled',
    /ttl=2026-12-01/,
  ],
  [
    'policies.kubewarden.io/policyservers',
    SERVER,
    'spec.verificationConfig',
    undefined,
    'verification-removed',
    /verificationConfig was removed/,
  ],
  [
    'policies.kubewarden.io/policyservers',
    SERVER,
    'spec.insecureSources',
    ['a', 'evil'],
    'exemption-added',
    /insecureSources/,
  ],
];

for (const [kind, object, path, value, change, reason] of WEAKENINGS) {
  test(`${kind.split('/').at(-1)}: ${path} ${JSON.stringify(value) ?? 'removed'} weakens`, () => {
    const weak = withoutHoles(withValue(object, path, value));
    const found = compared(kind, object, weak);
    assert.equal(found.effect, 'weakened', JSON.stringify(found));
    assert.ok(found.changes.includes(change), JSON.stringify(found));
    assert.match(found.reasons.join('\n'), reason);
    assert.notEqual(compared(kind, weak, object).effect, 'weakened', 'taken back');
    assert.deepEqual(compared(kind, reversed(object), weak).effect, 'weakened', 'lists in another order');
    const facts = (one: unknown) => policyFacts(kindOf(kind), one);
    assert.deepEqual(compared(kind, facts(object), facts(weak)), found, 'of what is remembered');
    assert.deepEqual(facts(facts(weak)), facts(weak));
  });
}

/** `delete` leaves one. */
function withoutHoles(value: Record<string, unknown>): Record<string, unknown> {
  const filled = (one: unknown): unknown => {
    if (Array.isArray(one)) return one.filter((element) => element !== undefined).map(filled);
    if (typeof one !== 'object' || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([key, inner]) => [key, filled(inner)]));
  };
  return filled(value) as Record<string, unknown>;
}

/** What a person has to judge. */
const UNCLEAR: readonly (readonly [
  kind: string,
  object: object,
  path: string,
  value: unknown,
  change: string,
])[] = [
  [VALIDATING, CONFIGURATION, 'webhooks.0.timeoutSeconds', 1, 'timeout-lowered'],
  [VALIDATING, CONFIGURATION, 'webhooks.0.rules.0.apiVersions', ['v1', 'v2'], 'api-versions-changed'],
  [
    VALIDATING,
    CONFIGURATION,
    'webhooks.0.matchConditions.0.expression',
    'request.x',
    'match-conditions-changed',
  ],
  [VALIDATING, CONFIGURATION, 'webhooks.0.newField', 'x', 'new-field-changed'],
  [
    VALIDATING,
    CONFIGURATION,
    'metadata.ownerReferences',
    [{ kind: 'ConfigMap', name: 'gone', uid: 'o' }],
    'owner-added',
  ],
  [
    SIGSTORE,
    SIGNED,
    'spec.authorities.0.keyless',
    { identities: [{ issuer: 'i', subject: '.*' }] },
    'authorities-changed',
  ],
  [SIGSTORE, SIGNED, 'spec.policy.data', 'predicateType: "y"', 'code-changed'],
  ['policy.sigstore.dev/trustroots', SIGNED, 'spec.repository', 'x', 'trust-changed'],
  ['config.ratify.deislabs.io/verifiers', SIGNED, 'spec.parameters', {}, 'verification-changed'],
  ['kyverno.io/globalcontextentries', SIGNED, 'spec.apiCall', {}, 'context-changed'],
  [MUTATING, CONFIGURATION, 'webhooks.2', { ...WEBHOOK, name: 'evil.x' }, 'webhook-added'],
  [MUTATING, CONFIGURATION, 'webhooks.0.rules.0.resources', ['*'], 'rules-widened'],
  [MUTATING, CONFIGURATION, 'webhooks.0.namespaceSelector', {}, 'selector-widened'],
  [VAP, POLICY, 'spec.validations.0.expression', 'variables.containers.all(c, c.x)', 'validations-changed'],
  [VAP, POLICY, 'spec.variables.0.expression', '[]', 'variables-changed'],
  [VAP, POLICY, 'spec.paramKind.kind', 'Other', 'param-kind-changed'],
  [VAPB, BINDING, 'spec.paramRef.name', 'other', 'parameters-changed'],
  [
    VAPB,
    withValue(BINDING, 'spec.validationActions', ['Audit']),
    'spec.validationActions',
    ['Warn'],
    'action-changed',
  ],
  [
    `${ADMISSION}/mutatingadmissionpolicies`,
    POLICY,
    'spec.mutations',
    [{ patchType: 'JSONPatch' }],
    'mutations-changed',
  ],
  [GATEKEEPER, CONSTRAINT, 'spec.parameters.runAsUser.rule', 'RunAsAny', 'parameters-changed'],
  [GATEKEEPER, CONSTRAINT, 'spec.enforcementAction', 'something', 'enforcement-action-changed'],
  [
    'templates.gatekeeper.sh/constrainttemplates',
    TEMPLATE,
    'spec.targets.0.rego',
    'package x',
    'code-changed',
  ],
  ['mutations.gatekeeper.sh/assign', ASSIGN, 'spec.parameters.assign.value', false, 'mutation-changed'],
  ['mutations.gatekeeper.sh/modifyset', ASSIGN, 'spec.match.scope', '*', 'match-widened'],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.0.validate.pattern.spec.hostPID',
    '*',
    'validations-changed',
  ],
  [
    'kyverno.io/clusterpolicies',
    KYVERNO,
    'spec.rules.0.mutate',
    { patchesJson6902: 'x' },
    'mutation-changed',
  ],
  ['kyverno.io/clusterpolicies', KYVERNO, 'spec.rules.0.context', [{ name: 'x' }], 'context-changed'],
  [
    'kyverno.io/cleanuppolicies',
    objectOf({ spec: { schedule: '* * * * *' } }),
    'spec.schedule',
    '0 0 * * *',
    'schedule-changed',
  ],
  [
    'policies.kubewarden.io/clusteradmissionpolicies',
    KUBEWARDEN,
    'spec.module',
    'registry://evil/p:v1',
    'code-changed',
  ],
  [
    'policies.kubewarden.io/clusteradmissionpolicies',
    KUBEWARDEN,
    'spec.settings.rule',
    'y',
    'parameters-changed',
  ],
  [
    'policies.kubewarden.io/clusteradmissionpolicygroups',
    GROUP,
    'spec.policies.signed.module',
    'evil:v1',
    'code-changed',
  ],
  ['policies.kubewarden.io/policyservers', SERVER, 'spec.image', 'evil:v1', 'image-changed'],
];

for (const [kind, object, path, value, change] of UNCLEAR) {
  test(`${kind.split('/').at(-1)}: ${path} ${JSON.stringify(value)} is for a person to judge`, () => {
    const found = compared(kind, object, withValue(object, path, value));
    assert.equal(found.effect, 'unclear', JSON.stringify(found));
    assert.ok(found.changes.includes(change), JSON.stringify(found));
    assert.ok(found.reasons.length > 0);
  });
}

test('whoever gets the requests of a webhook decides in its place', () => {
  for (const [path, value] of [
    ['webhooks.0.clientConfig.service.name', 'evil'],
    ['webhooks.0.clientConfig.service.namespace', 'evil'],
    ['webhooks.0.clientConfig.service.port', 8443],
    ['webhooks.0.clientConfig.service.path', '/other'],
    ['webhooks.0.clientConfig', { url: 'https://evil.example/x', caBundle: 'Q0E=' }],
    ['webhooks.1.clientConfig.url', 'https://evil.example/x'],
  ] as const) {
    const found = compared(VALIDATING, CONFIGURATION, withValue(CONFIGURATION, path, value));
    assert.equal(found.effect, 'weakened', path);
    assert.deepEqual(found.changes, ['address-changed']);
  }
});

test('another certificate alone takes nothing away: who put it there is what matters', () => {
  const rotated = withValue(CONFIGURATION, 'webhooks.0.clientConfig.caBundle', 'TkVX');
  assert.deepEqual(compared(VALIDATING, CONFIGURATION, rotated), {
    engine: 'webhook',
    effect: 'neutral',
    changes: ['ca-changed'],
    reasons: ['webhook validate.x: caBundle was replaced'],
  });
});

test('defaults, metadata and status are no change', () => {
  const bare = objectOf({
    webhooks: [{ name: 'w', clientConfig: { service: { namespace: 'n', name: 's' } }, rules: [RULE] }],
  });
  const defaulted = {
    ...bare,
    metadata: { name: 'x', labels: { a: 'b' }, annotations: { c: 'd' }, generation: 9 },
    status: { x: 1 },
    webhooks: [
      {
        name: 'w',
        clientConfig: { service: { namespace: 'n', name: 's', port: 443 } },
        rules: [{ ...RULE, scope: '*' }],
        failurePolicy: 'Fail',
        matchPolicy: 'Equivalent',
        namespaceSelector: {},
        objectSelector: { matchLabels: {} },
        timeoutSeconds: 10,
        matchConditions: [],
        reinvocationPolicy: 'Never',
      },
    ],
  };
  const nothing = { engine: 'webhook', effect: 'neutral', changes: [], reasons: [] };
  assert.deepEqual(compared(MUTATING, bare, defaulted), nothing);
  assert.deepEqual(compared(MUTATING, defaulted, bare), nothing);
});

test('a scoped action that is raised again strengthens', () => {
  const weak = withValue(SCOPED, 'spec.scopedEnforcementActions.0.action', 'warn');
  assert.equal(compared(GATEKEEPER, weak, SCOPED).effect, 'strengthened');
});

test('strengthening and weakening at once is weakening, and its reason comes first', () => {
  const weak = withValue(CONFIGURATION, 'webhooks.0.failurePolicy', 'Ignore');
  const found = compared(VALIDATING, weak, withValue(CONFIGURATION, 'webhooks.1', undefined));
  assert.equal(found.effect, 'weakened');
  assert.equal(found.reasons[0], 'webhook other.x was removed');
  assert.ok(found.changes.includes('failure-policy-fail'));
});

test('what comes and what goes', () => {
  const cases: readonly [kind: string, created: string, deleted: string][] = [
    [VALIDATING, 'strengthened', 'weakened'],
    [MUTATING, 'unclear', 'weakened'],
    [VAPB, 'strengthened', 'weakened'],
    [GATEKEEPER, 'strengthened', 'weakened'],
    ['kyverno.io/clusterpolicies', 'strengthened', 'weakened'],
    ['kyverno.io/policyexceptions', 'weakened', 'strengthened'],
    ['policies.kyverno.io/policyexceptions', 'weakened', 'strengthened'],
    ['kyverno.io/cleanuppolicies', 'unclear', 'neutral'],
    ['policies.kubewarden.io/policyservers', 'strengthened', 'weakened'],
  ];
  for (const [kind, created, deleted] of cases) {
    const [come, gone] = [compared(kind, undefined, EXCEPTION), compared(kind, EXCEPTION, undefined)];
    assert.equal(come.effect, created, kind);
    assert.ok(come.changes.includes('created'), kind);
    assert.deepEqual([gone.effect, gone.changes], [deleted, ['deleted']], kind);
  }
  assert.deepEqual(
    compared('kyverno.io/policyexceptions', undefined, EXCEPTION).reasons[0],
    'exceptions none → privileged/agents',
  );
});

test('a Config of Gatekeeper weakens by what it exempts as soon as it is there, and protects by going if that is all that it does', () => {
  const path = 'config.gatekeeper.sh/configs';
  const exempting = { spec: { match: [{ excludedNamespaces: ['shop'], processes: ['*'] }] } };
  const syncing = { spec: { sync: { syncOnly: [{ group: '', version: 'v1', kind: 'Pod' }] } } };
  const born = compared(path, undefined, exempting);
  assert.deepEqual([born.effect, born.changes], ['weakened', ['exemption-added', 'created']]);
  assert.equal(compared(path, undefined, syncing).effect, 'unclear');
  assert.equal(compared(path, exempting, undefined).effect, 'strengthened');
  const both = { spec: { ...exempting.spec, ...syncing.spec } };
  assert.equal(compared(path, both, undefined).effect, 'unclear');
  assert.equal(compared(path, {}, undefined).effect, 'unclear', 'of which nothing is known');
});

test('reasons and changes are bounded', () => {
  const many = Array.from({ length: 60 }, (_, index) => ({
    ...WEBHOOK,
    name: `w${index}.${'x'.repeat(2000)}`,
  }));
  const weak = many.map((one) => ({ ...one, failurePolicy: 'Ignore' }));
  const found = compared(VALIDATING, objectOf({ webhooks: many }), objectOf({ webhooks: weak }));
  assert.equal(found.reasons.length, 8);
  assert.ok(found.reasons.every((reason) => reason.length <= 241));
  const unknown = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`field${index}`, index]));
  assert.ok(compared(VAP, objectOf({ spec: {} }), objectOf({ spec: unknown })).changes.length <= 16);
});

test('an expression that looks at nothing checks nothing, and chooses nothing', () => {
  const policy = (spec: object) => ({ spec: { validations: [{ expression: 'object.spec.x' }], ...spec } });
  const path = `${ADMISSION}/validatingadmissionpolicies`;
  const gutted = compared(path, policy({}), policy({ validations: [{ expression: 'size([]) == 0' }] }));
  assert.deepEqual([gutted.effect, gutted.changes], ['weakened', ['always-true']]);
  assert.deepEqual(gutted.reasons, ['validation "size([]) == 0" looks at nothing']);
  const never = policy({ matchConditions: [{ name: 'n', expression: 'size([]) != 0' }] });
  assert.deepEqual(compared(path, policy({}), never).changes, ['match-conditions-added']);
  assert.equal(compared(path, policy({}), never).effect, 'weakened');
  assert.equal(compared(path, never, policy({})).effect, 'strengthened');
});

test('what is created weaker than the one that was deleted gives nothing back', () => {
  const binding = (action: string, team = 'a') => ({
    spec: {
      policyName: 'p',
      validationActions: [action],
      matchResources: { namespaceSelector: { matchLabels: { team } } },
    },
  });
  const anew = (former: object, after: object) => {
    const { effect, changes } = createdAnew(kindOf(VAPB), former, after);
    return [effect, ...changes];
  };
  assert.deepEqual(anew(binding('Deny'), binding('Audit')), ['weakened', 'action-lowered', 'created']);
  assert.deepEqual(anew(binding('Audit'), binding('Deny')), ['strengthened', 'action-raised', 'created']);
  assert.deepEqual(anew(binding('Deny'), binding('Deny')), ['strengthened', 'created', 'put-back']);
  // It is for other namespaces, and refuses there, which it did not.
  assert.equal(anew(binding('Audit', 'b'), binding('Deny'))[0], 'strengthened');
  const exception = createdAnew(kindOf('kyverno.io/policyexceptions'), EXCEPTION, EXCEPTION);
  assert.equal(exception.effect, 'weakened', 'what exempts does so anew');
});

test('a webhook under another name is the same one', () => {
  const hook = (name: string, failurePolicy = 'Fail') => ({
    name,
    failurePolicy,
    clientConfig: { url: 'https://x.example' },
  });
  const change = (before: object[], after: object[]) => {
    const { effect, changes } = compared(VALIDATING, { webhooks: before }, { webhooks: after });
    return [effect, ...changes];
  };
  assert.deepEqual(change([hook('a.x')], [hook('b.x')]), ['neutral']);
  assert.deepEqual(change([hook('a.x'), hook('c.x')], [hook('b.x'), hook('c.x')]), ['neutral']);
  const weaker = change([hook('a.x')], [hook('b.x', 'Ignore')]);
  assert.deepEqual(weaker, ['weakened', 'webhook-removed', 'webhook-added']);
  assert.deepEqual(change([hook('a.x'), hook('b.x')], [hook('b.x')]), ['weakened', 'webhook-removed']);
  assert.deepEqual(change([hook('a.x'), hook('b.x')], [hook('c.x')])[0], 'weakened', 'one for two');
});

test("conditions in Kyverno's ConfigMap are compared as those of webhooks are", () => {
  const settings = (matchConditions?: string) => ({ data: { resourceFilters: '', matchConditions } });
  const never = '[{"name":"n","expression":"false"}]';
  assert.deepEqual(compared('configmaps', settings(), settings(never)).changes, ['match-conditions-added']);
  assert.equal(compared('configmaps', settings(), settings(never)).effect, 'weakened');
  assert.equal(compared('configmaps', settings(never), settings('[]')).effect, 'strengthened');
  assert.equal(compared('configmaps', settings(), settings('- name: n')).effect, 'unclear');
});
