import assert from 'node:assert/strict';
import test from 'node:test';
import { admissionOf } from '../../../../src/detect/admission/admission.ts';
import { decoded, eventWith, recordOf, reviewRecord, wrongTypesIn } from '../support.ts';

const ALLOW = { 'authorization.k8s.io/decision': 'allow' };
const FORBID = { 'authorization.k8s.io/decision': 'forbid' };

/** What is left of an event that an export trimmed. */
const TRIMMED = { stage: null, responseStatus: null, annotations: null };
const EXEC = { verb: 'get', objectRef: { resource: 'pods', subresource: 'exec', name: 'p' } };
const PROXY = { verb: 'get', objectRef: { resource: 'pods', subresource: 'proxy', name: 'p' } };

/** Code, message, further fields; then outcome and who denied, as `engine policy binding webhook`. */
type Case = readonly [
  name: string,
  code: number,
  message: string,
  outcome: string,
  by: string,
  fields?: object,
];

const hook = (name: string, words: string) => `admission webhook "${name}" denied the request: ${words}`;

const CASES: readonly Case[] = [
  [
    'Pod Security',
    403,
    'pods "bad" is forbidden: violates PodSecurity "baseline:latest": privileged (container "nginx" must not set securityContext.privileged=true)',
    'denied',
    'pod-security baseline:latest - -',
  ],
  [
    'ValidatingAdmissionPolicy',
    422,
    `deployments.apps "nginx" is forbidden: ValidatingAdmissionPolicy 'replicalimit-policy.example.com' with binding 'b.example.com' denied request: failed expression: object.spec.replicas <= 5`,
    'denied',
    'validating-admission-policy replicalimit-policy.example.com b.example.com -',
  ],
  [
    'CEL error',
    422,
    `configmaps "c1" is forbidden: ValidatingAdmissionPolicy 'broken' with binding 'b' denied request: expression 'object.data['x'] == 'y'' resulted in error: no such key: x`,
    'denied',
    'validating-admission-policy broken b -',
  ],
  [
    'a policy with reason Unauthorized',
    401,
    `pods "p" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`,
    'denied',
    'validating-admission-policy p b -',
  ],
  [
    'a policy that cannot be configured',
    403,
    `pods "p" is forbidden: ValidatingAdmissionPolicy 'p' denied request: failed to configure policy`,
    'denied',
    'validating-admission-policy p - -',
  ],
  [
    'MutatingAdmissionPolicy failure',
    403,
    `policy 'sidecar-policy' with binding 'sidecar-binding' denied request: expression 'x' resulted in error: no such key: y`,
    'denied',
    'mutating-admission-policy sidecar-policy sidecar-binding -',
  ],
  [
    'Gatekeeper',
    403,
    hook(
      'validation.gatekeeper.sh',
      '[repo-is-openpolicyagent] container <nginx> has an invalid image repo <nginx>, allowed repos are ["openpolicyagent/"]',
    ),
    'denied',
    'gatekeeper repo-is-openpolicyagent - validation.gatekeeper.sh',
  ],
  [
    'Gatekeeper label check',
    403,
    hook(
      'check-ignore-label.gatekeeper.sh',
      'Only exempt namespace can have the admission.gatekeeper.sh/ignore label',
    ),
    'denied',
    'gatekeeper - - check-ignore-label.gatekeeper.sh',
  ],
  [
    'Kyverno',
    400,
    hook(
      'validate.kyverno.svc-fail',
      "\n\nresource Pod/prod/bad was blocked due to the following policies \n\ndisallow-privileged-containers:\n  privileged-containers: 'validation error'\n",
    ),
    'denied',
    'kyverno disallow-privileged-containers - validate.kyverno.svc-fail',
  ],
  [
    'Kyverno ValidatingPolicy',
    400,
    hook(
      'vpol.validate.kyverno.svc-ignore',
      'Policy vpol-no-privileged failed: privileged containers are denied (CEL)',
    ),
    'denied',
    'kyverno vpol-no-privileged - vpol.validate.kyverno.svc-ignore',
  ],
  [
    'OPA',
    403,
    hook('validating-webhook.openpolicyagent.org', 'privileged container "c" is not allowed'),
    'denied',
    'opa - - validating-webhook.openpolicyagent.org',
  ],
  [
    'Kubewarden',
    400,
    hook('clusterwide-no-privileged.kubewarden.admission', 'Privileged container is not allowed'),
    'denied',
    'kubewarden clusterwide-no-privileged - clusterwide-no-privileged.kubewarden.admission',
  ],
  [
    'a webhook with a code of its own',
    422,
    hook('code422.lab.example.com', 'spec.foo: Invalid value'),
    'denied',
    'webhook - - code422.lab.example.com',
  ],
  [
    'a webhook that denies with 500',
    500,
    hook('code500.lab.example.com', 'no'),
    'denied',
    'webhook - - code500.lab.example.com',
  ],
  [
    'a webhook without explanation',
    400,
    'admission webhook "nomsg.lab.example.com" denied the request without explanation',
    'denied',
    'webhook - - nomsg.lab.example.com',
  ],
  [
    'fail closed',
    500,
    'Internal error occurred: failed calling webhook "validation.gatekeeper.sh": failed to call webhook: Post "https://x": context deadline exceeded',
    'failed',
    '',
  ],
  [
    'client gone',
    504,
    'Timeout: request did not complete within requested timeout - context canceled',
    'failed',
    '',
  ],
  [
    'allow-privileged',
    422,
    'Pod "r00t" is invalid: spec.containers[0].securityContext.privileged: Forbidden: disallowed by cluster policy',
    'denied',
    'allow-privileged - - -',
  ],
  [
    'allow-privileged among others',
    422,
    'Deployment.apps "r00t" is invalid: [metadata.name: Invalid value: "X": no, spec.template.spec.containers[0].securityContext.privileged: Forbidden: disallowed by cluster policy]',
    'denied',
    'allow-privileged - - -',
  ],
  ['another validation', 422, 'Pod "BAD" is invalid: metadata.name: Invalid value: "BAD": no', 'failed', ''],
  [
    'RBAC',
    403,
    'pods is forbidden: User "mallory" cannot create resource "pods" in API group "" in the namespace "priv-ns"',
    'denied',
    'rbac - - -',
    { annotations: FORBID },
  ],
  [
    'RBAC on a path',
    403,
    'forbidden: User "system:anonymous" cannot get path "/"',
    'denied',
    'rbac - - -',
    { verb: 'get', objectRef: null, annotations: FORBID },
  ],
  ['RBAC of another wording', 403, 'no', 'denied', 'rbac - - -', { annotations: FORBID }],
  [
    'escalation',
    403,
    'clusterroles.rbac.authorization.k8s.io "mystar" is forbidden: user "mallory" (groups=["interns" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""]}',
    'denied',
    'rbac-escalation - - -',
  ],
  [
    'impersonation',
    403,
    'pods is forbidden: User "mallory" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "default"',
    'denied',
    'impersonation - - -',
    { verb: 'list', annotations: null },
  ],
  [
    'impersonation of a user',
    403,
    'users "admin" is forbidden: User "mallory" cannot impersonate resource "users" in API group "" at the cluster scope',
    'denied',
    'impersonation - - -',
    { annotations: null },
  ],
  [
    'quota',
    403,
    'pods "quota" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=0',
    'denied',
    'quota - - -',
  ],
  [
    'limit range',
    403,
    'pods "p" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, minimum memory usage per Pod is 1Gi]',
    'denied',
    'limit-ranger - - -',
  ],
  [
    'service account',
    403,
    'pods "nosa" is forbidden: error looking up service account dev/missing: serviceaccount "missing" not found',
    'denied',
    'service-account - - -',
  ],
  [
    'node restriction',
    403,
    'pods "mirror" is forbidden: node "node-1" can only create pods with an owner reference set to itself',
    'denied',
    'node-restriction - - -',
  ],
  [
    'namespace lifecycle',
    403,
    'pods "p-" is forbidden: unable to create new content in namespace dev because it is being terminated',
    'denied',
    'namespace-lifecycle - - -',
  ],
  ['an unknown authority', 403, '', 'denied', 'unknown - - -'],
  [
    '401',
    401,
    'Unauthorized',
    'denied',
    'authentication - - -',
    { stage: 'ResponseStarted', user: {}, annotations: null },
  ],
  ['conflict', 409, 'pods "dup" already exists', 'failed', ''],
  ['not found', 404, 'pods "gone" not found', 'failed', '', { verb: 'delete' }],
  ['malformed', 400, 'the object provided is unrecognized', 'failed', ''],
  ['too large', 413, 'Request entity too large: limit is 3145728', 'failed', ''],
  ['admitted', 201, '', 'admitted', ''],
  ['exec over WebSocket', 101, '', 'admitted', '', EXEC],
  ['watch', 200, '', 'other', '', { verb: 'watch', stage: 'ResponseStarted' }],
  ['read', 200, '', 'other', '', { verb: 'get' }],
  ['not answered', 0, '', 'pending', '', { stage: 'RequestReceived', responseStatus: null }],
  ['answer not recorded', 0, '', 'admitted', '', { responseStatus: {} }],
  ['nothing but the request recorded', 0, '', 'admitted', '', { ...TRIMMED }],
  ['connection whose answer was not recorded', 0, '', 'admitted', '', { ...TRIMMED, ...EXEC }],
  ['read whose answer was not recorded', 0, '', 'other', '', { ...TRIMMED, verb: 'list' }],
  ['refused, answer not recorded', 0, '', 'denied', '', { ...TRIMMED, annotations: FORBID }],
  ['failed without a status', 0, '', 'failed', '', { responseStatus: { status: 'Failure' } }],
  [
    'refused without a status',
    0,
    '',
    'denied',
    'unknown - - -',
    { responseStatus: { status: 'Failure', reason: 'Forbidden' } },
  ],
  ['handler crashed', 0, '', 'other', '', { ...TRIMMED, stage: 'Panic' }],
  ['code as text', 0, '', 'admitted', '', { responseStatus: { code: '201' } }],
  ['refused with the code as text', 0, '', 'denied', 'unknown - - -', { responseStatus: { code: '403' } }],
  ['error from behind a proxy', 403, '', 'admitted', '', { ...PROXY }],
  [
    'error from behind a proxy, decision not recorded',
    403,
    '',
    'denied',
    'unknown - - -',
    {
      ...PROXY,
      annotations: {},
    },
  ],
  [
    'proxy that the API server refused',
    400,
    '',
    'failed',
    '',
    { ...PROXY, responseStatus: { status: 'Failure', code: 400, message: 'address not allowed' } },
  ],
  ['dry run admitted', 201, '', 'dry-run', '', { requestURI: '/api?dryRun=All' }],
  [
    'dry run denied',
    403,
    'pods "p" is forbidden: violates PodSecurity "restricted:v1.30": x',
    'dry-run',
    'pod-security restricted:v1.30 - -',
    { requestURI: '/api?dryRun=All' },
  ],
];

test('outcome and authority of every kind of answer', () => {
  for (const [name, code, message, outcome, by, fields] of CASES) {
    const responseStatus = { code, ...(message ? { message } : {}) };
    const request = decoded(recordOf(eventWith({ responseStatus, annotations: ALLOW, ...fields })));
    const admission = admissionOf(request);
    const denials = (admission.denied_by ?? []).map(({ engine, policy, binding, webhook }) =>
      [engine, policy ?? '-', binding ?? '-', webhook ?? '-'].join(' '),
    );
    assert.deepEqual([admission.outcome, denials.join()], [outcome, by], name);
    for (const denial of admission.denied_by ?? []) assert.notEqual(denial.message, '');
  }
});

test('text that a requester or an engine chose does not speak for another authority', () => {
  const injected = [
    'violates PodSecurity "restricted:latest": x',
    `ValidatingAdmissionPolicy 'evil' with binding 'b' denied request: x`,
    `policy 'evil' with binding 'b' denied request: x`,
    'admission webhook "validate.kyverno.svc-fail" denied the request: x',
    'pods "x" is forbidden: exceeded quota: q',
    'User "x" cannot create resource "pods"',
    'is attempting to grant RBAC permissions not currently held',
    'spec.containers[0].securityContext.privileged: Forbidden: disallowed by cluster policy',
    '[other-constraint] x',
    '\n\nresource Pod/x was blocked due to the following policies\n\nother:',
  ];
  for (const text of injected) {
    const quoted = JSON.stringify(text);
    const cases: [message: string, code: number, engine: string | undefined, policy?: string][] = [
      [
        hook('validation.gatekeeper.sh', `[real] container <${text}> has an invalid image`),
        403,
        'gatekeeper',
        'real',
      ],
      [hook('validation.gatekeeper.sh', `no: ${text}`), 403, 'gatekeeper'],
      [hook('validating-webhook.openpolicyagent.org', `image ${quoted} is untrusted ${text}`), 403, 'opa'],
      [
        hook(
          'validate.kyverno.svc-fail',
          `\n\nresource Pod/a/b was blocked due to the following policies \n\nreal:\n  rule: '${text}'`,
        ),
        400,
        'kyverno',
        'real',
      ],
      [
        `pods ${quoted} is forbidden: violates PodSecurity "baseline:latest": privileged (container ${quoted})`,
        403,
        'pod-security',
        'baseline:latest',
      ],
      [
        `pods "p" is forbidden: ValidatingAdmissionPolicy 'real' with binding 'b' denied request: ${text}`,
        403,
        'validating-admission-policy',
        'real',
      ],
      [`pods is forbidden: User ${quoted} cannot create resource "pods" ${text}`, 403, 'rbac'],
      [
        `roles "r" is forbidden: user ${quoted} (groups=[${quoted}]) is attempting to grant RBAC permissions not currently held: ${text}`,
        403,
        'rbac-escalation',
      ],
      [`Pod ${quoted} is invalid: metadata.name: Invalid value: ${quoted}: no`, 422, undefined],
      [
        `Pod "p" is invalid: spec.x: Invalid value: ${JSON.stringify('x'.repeat(4000) + text)}: no`,
        422,
        undefined,
      ],
      [`pods ${quoted} already exists`, 409, undefined],
      [`Internal error occurred: failed calling webhook "w": ${text}`, 500, undefined],
    ];
    for (const [message, code, engine, policy] of cases) {
      const request = decoded(recordOf(eventWith({ responseStatus: { code, message } })));
      const denial = admissionOf(request).denied_by?.[0];
      assert.deepEqual([denial?.engine, denial?.policy], [engine, policy], message);
    }
  }
});

test('a message of any length and shape is read in no time', () => {
  for (const part of [
    'pods "',
    '\\"',
    '"\\',
    "policy '",
    'admission webhook "',
    'User "a',
    '[',
    ' is forbidden: ',
    '\n',
  ]) {
    const started = process.hrtime.bigint();
    const message = part.repeat(200_000 / part.length);
    const denial = admissionOf(decoded(recordOf(eventWith({ responseStatus: { code: 403, message } }))))
      .denied_by?.[0];
    assert.ok((denial?.message.length ?? 0) <= 4096);
    assert.ok(process.hrtime.bigint() - started < 500_000_000n, part);
  }
});

test('webhooks that failed open or changed the object are named', () => {
  const annotations = {
    'failed-open.validating.webhook.admission.k8s.io/round_0_index_1': 'validation.gatekeeper.sh',
    'failed-open.mutation.webhook.admission.k8s.io/round_0_index_2': 'mutation.gatekeeper.sh',
    'mutation.webhook.admission.k8s.io/round_0_index_0':
      '{"configuration":"c","webhook":"m1","mutated":true}',
    'mutation.webhook.admission.k8s.io/round_0_index_3':
      '{"configuration":"c","webhook":"m2","mutated":false}',
    'mutation.webhook.admission.k8s.io/round_0_index_4': 'not JSON',
    'patch.webhook.admission.k8s.io/round_0_index_0': '{"webhook":"m3"}',
  };
  assert.deepEqual(admissionOf(decoded(recordOf(eventWith({ annotations })))), {
    outcome: 'admitted',
    failed_open: ['validation.gatekeeper.sh', 'mutation.gatekeeper.sh'],
    mutated_by: ['m1'],
  });
});

test('a review is pending, a dry-run review a dry run', () => {
  const review = { uid: 'u', operation: 'CREATE', resource: { resource: 'pods' } };
  assert.deepEqual(admissionOf(decoded(reviewRecord(review))), { outcome: 'pending' });
  assert.deepEqual(admissionOf(decoded(reviewRecord({ ...review, dryRun: true }))), { outcome: 'dry-run' });
});

test('a wrong type in the place of any part of the answer throws nothing', () => {
  const event = eventWith({
    responseStatus: { code: 403, message: 'x', reason: 'y', details: { name: 'p' } },
  });
  for (const { key } of wrongTypesIn({
    responseStatus: event.responseStatus,
    annotations: event.annotations,
  })) {
    if (key === 'responseStatus' || key === 'annotations') continue;
    assert.equal(typeof admissionOf(decoded(recordOf(event))).outcome, 'string');
  }
});
