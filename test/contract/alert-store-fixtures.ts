import {
  type Alert,
  type GatewatchFields,
  type Incident,
  SEVERITY_NUMBER,
  type Severity,
} from '../../src/record/alert.ts';
import type { Evidence } from '../../src/record/signal.ts';

/** What tests choose of an alert; the rest is filled in. */
export interface AlertChoice {
  readonly id: string;
  readonly time?: string;
  readonly severity?: Severity;
  readonly message?: string;
  readonly cluster?: string;
  readonly namespace?: string;
  readonly resource?: { readonly type?: string; readonly name?: string };
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly rule?: Partial<Alert['rule']>;
  readonly threat?: Alert['threat'];
  readonly action?: string;
  readonly ip?: string;
  readonly agent?: string;
  readonly gatewatch?: Partial<GatewatchFields>;
}

/** An alert as the correlator writes it. */
export function alertOf(choice: AlertChoice): Alert {
  const severity = choice.severity ?? 'medium';
  const time = choice.time ?? '2026-11-22T13:00:00.000000Z';
  const outcome = choice.gatewatch?.outcome ?? 'denied';
  return {
    '@timestamp': time,
    ecs: { version: '9.4.0' },
    message: choice.message ?? `Something happened (${choice.id}).`,
    event: {
      kind: 'alert',
      id: choice.id,
      category: ['configuration'],
      type: [outcome === 'denied' ? 'denied' : 'change'],
      ...(choice.action && { action: choice.action }),
      outcome: outcome === 'admitted' ? 'success' : 'failure',
      severity: SEVERITY_NUMBER[severity],
      start: time,
      end: time,
      module: 'gatewatch',
      dataset: 'gatewatch.alert',
      provider: 'kubernetes',
    },
    rule: { id: 'rule-a', name: 'Rule A', ruleset: 'gatewatch', ...choice.rule },
    ...(choice.threat && { threat: choice.threat }),
    orchestrator: {
      type: 'kubernetes',
      cluster: { name: choice.cluster ?? 'prod-eu' },
      ...(choice.namespace !== undefined && { namespace: choice.namespace }),
      ...(choice.resource && { resource: choice.resource }),
    },
    ...(choice.user !== undefined && {
      user: { name: choice.user, ...(choice.groups && { roles: choice.groups }) },
      related: { user: [choice.user], ...(choice.ip && { ip: [choice.ip] }) },
    }),
    ...(choice.ip && { source: { ip: choice.ip } }),
    ...(choice.agent && { user_agent: { original: choice.agent } }),
    gatewatch: {
      outcome,
      version: 1,
      count: 1,
      evidence: [],
      status: 'open',
      level: severity,
      ...choice.gatewatch,
    },
  };
}

/** An incident of so many alerts, of which the first ones are listed. */
export function incidentOf(id: string, count: number, fields: Partial<Incident> = {}): Incident {
  const time = '2026-11-22T13:00:00.000000Z';
  return {
    id,
    count,
    level: 'high',
    start: time,
    end: '2026-11-22T13:05:00.000000Z',
    message: `bob in cluster prod-eu, ${count} alerts between then and now: first this; then that.`,
    members: ['a', 'b'].map((id) => ({ id, rule: `Rule ${id}`, level: 'high', outcome: 'denied', time })),
    ...fields,
  };
}

const KUBECTL = 'kubectl/v1.37.2 (linux/amd64) kubernetes/lab';
const PODS_URI =
  '/api/v1/namespaces/payments/pods?fieldManager=kubectl-client-side-apply&fieldValidation=Strict';

const DENIED_POD: Evidence = {
  record_id: '9c1185a5c5e9fc54612808977ee8f548b2258d31',
  audit_id: '1f7c2a9e-52b4-4a6b-93a4-8f0f0a1d7c11',
  stage: 'ResponseComplete',
  source: 'audit',
  time: '2026-11-22T13:37:31.204417Z',
  verb: 'create',
  uri: PODS_URI,
  user: 'bob',
  outcome: 'denied',
};

const RELABEL: Evidence = {
  record_id: '40bd001563085fc35165329ea1ff5c5ecbdbbeef',
  audit_id: '4d1c571a-cd9b-4758-b636-e680820fee17',
  stage: 'ResponseComplete',
  source: 'audit',
  time: '2026-11-22T13:37:35.877428Z',
  verb: 'patch',
  uri: '/api/v1/namespaces/payments?fieldManager=kubectl-label&timeout=15s',
  user: 'bob',
  outcome: 'admitted',
};

const ADMITTED_POD: Evidence = {
  ...DENIED_POD,
  record_id: '7110eda4d09e062aa5e4a390b0a572ac0d2c0220',
  audit_id: 'b0c3a3de-71c9-4f4d-8a54-0de3c3f8a1c2',
  time: '2026-11-22T13:37:41.550093Z',
  outcome: 'admitted',
};

const PRIVILEGED = {
  check: 'privileged',
  reason: 'privileged',
  detail: 'container "r00t" must not set securityContext.privileged=true',
};
const HOST_NAMESPACES = { check: 'hostNamespaces', reason: 'host namespaces', detail: 'hostPID=true' };
const VIOLATIONS = {
  enforced: 'baseline:latest',
  baseline: [HOST_NAMESPACES, PRIVILEGED],
  restricted: [
    HOST_NAMESPACES,
    PRIVILEGED,
    {
      check: 'allowPrivilegeEscalation_restricted',
      reason: 'allowPrivilegeEscalation != false',
      detail: 'container "r00t" must set securityContext.allowPrivilegeEscalation=false',
    },
    {
      check: 'capabilities_restricted',
      reason: 'unrestricted capabilities',
      detail: 'container "r00t" must set securityContext.capabilities.drop=["ALL"]',
    },
    {
      check: 'runAsNonRoot',
      reason: 'runAsNonRoot != true',
      detail: 'pod or container "r00t" must set securityContext.runAsNonRoot=true',
    },
  ],
};
const RELABELLED = {
  labels_before: {
    'kubernetes.io/metadata.name': 'payments',
    'pod-security.kubernetes.io/enforce': 'baseline',
    'pod-security.kubernetes.io/enforce-version': 'latest',
    team: 'payments',
  },
  labels_after: {
    'kubernetes.io/metadata.name': 'payments',
    'pod-security.kubernetes.io/enforce': 'privileged',
    'policy.example.com/ignore': 'true',
    team: 'payments',
  },
  enforce_before: 'baseline:latest',
  enforce_after: 'privileged:latest',
  changes: ['enforce-lowered', 'exemption-added'],
};
const BOB = { user: 'bob', groups: ['platform', 'system:authenticated'], ip: '10.40.7.21', agent: KUBECTL };

/** A pod that Pod Security refused. */
export const PRIVILEGED_POD_DENIED = alertOf({
  id: 'a1f3c05e7d2b4968',
  time: '2026-11-22T13:37:31.204417Z',
  severity: 'medium',
  message:
    'bob (platform) tried with kubectl from 10.40.7.21 to create the privileged pod r00t in namespace payments of cluster prod-eu; Pod Security (baseline:latest) denied it.',
  namespace: 'payments',
  resource: { type: 'pods', name: 'r00t' },
  action: 'create',
  ...BOB,
  rule: {
    id: '6b2f3c1e-7a0b-4d52-9a51-1b8f0d6f8a01',
    name: 'Privileged pod attempted',
    description:
      'Someone asked for a pod with a privileged container. Such a container has every capability and sees the devices of its node: who has it has the node.',
    reference: 'https://kubernetes.io/docs/concepts/security/pod-security-standards/',
    author: ['Gatewatch'],
  },
  threat: {
    framework: 'MITRE ATT&CK',
    tactic: { id: ['TA0004'], name: ['Privilege Escalation'] },
    technique: { id: ['T1611'], name: ['Escape to Host'] },
  },
  gatewatch: {
    detection_id: 'PW01',
    outcome: 'denied',
    count: 3,
    suppressed: 2,
    actor: {
      kind: 'controller',
      author: 'alice',
      chain: [
        'system:serviceaccount:kube-system:replicaset-controller',
        'ReplicaSet/web-7b8',
        'Deployment/web',
        'alice',
      ],
      managers: ['kubectl-client-side-apply'],
    },
    admission: {
      outcome: 'denied',
      denied_by: [
        {
          engine: 'pod-security',
          policy: 'baseline:latest',
          message:
            'pods "r00t" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true), privileged (container "r00t" must not set securityContext.privileged=true)',
        },
      ],
    },
    pod_security: VIOLATIONS,
    evidence: [DENIED_POD],
  },
});

/** A namespace whose enforced level was lowered. */
export const NAMESPACE_LOWERED = alertOf({
  id: 'b27e0f4491c86a35',
  time: '2026-11-22T13:37:35.877428Z',
  severity: 'high',
  message:
    'bob (platform) lowered with kubectl from 10.40.7.21 the enforced Pod Security level of namespace payments in cluster prod-eu from baseline to privileged and exempted it from Gatekeeper.',
  namespace: 'payments',
  resource: { type: 'namespaces', name: 'payments' },
  action: 'patch',
  ...BOB,
  rule: {
    id: '0c9a6f0e-6d8e-4b0e-8a17-5cf2d1f7b402',
    name: 'Pod Security enforcement lowered',
    description: 'The level that the API server enforces in a namespace was lowered or removed.',
    reference: 'https://kubernetes.io/docs/concepts/security/pod-security-admission/',
  },
  threat: {
    framework: 'MITRE ATT&CK',
    tactic: { id: ['TA0005'], name: ['Defense Evasion'] },
    technique: { id: ['T1562.001'], name: ['Disable or Modify Tools'] },
  },
  gatewatch: {
    detection_id: 'AC05',
    outcome: 'admitted',
    admission: { outcome: 'admitted', failed_open: ['check-ignore-label.gatekeeper.sh'] },
    namespace: RELABELLED,
    evidence: [RELABEL],
    limits: ['labels-before-inferred'],
  },
});

/** A webhook that now lets through what it cannot be asked about. */
export const WEBHOOK_WEAKENED = alertOf({
  id: '5f0d6c2b8a7e4931',
  time: '2026-11-22T13:45:18.480407Z',
  severity: 'high',
  message:
    'bob (platform) changed with kubectl from 10.40.7.21 validatingwebhookconfiguration gatekeeper in cluster prod-eu, which weakens it: webhook validation.gatekeeper.sh: failurePolicy Fail → Ignore; the API server admitted it (200).',
  resource: { type: 'validatingwebhookconfigurations', name: 'gatekeeper' },
  action: 'patch',
  ...BOB,
  rule: {
    id: '7a9b4a3c-31c4-4cf3-8f0b-5d3d9b6a2f10',
    name: 'Admission webhook weakened',
    description: 'A webhook is asked about less, or what it cannot be asked about is let through.',
    reference: 'https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/',
  },
  gatewatch: {
    detection_id: 'AC06',
    outcome: 'admitted',
    policy: {
      engine: 'webhook',
      effect: 'weakened',
      changes: ['failure-policy-ignore'],
      reasons: ['webhook validation.gatekeeper.sh: failurePolicy Fail → Ignore'],
    },
    evidence: [
      { ...RELABEL, uri: '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/gatekeeper' },
    ],
  },
});

/** Denied, then the namespace relabelled, then the same pod admitted: one attack in three records. */
export const DENIED_RELABELLED_ADMITTED = alertOf({
  id: 'c94d88e01f6b7720',
  time: '2026-11-22T13:37:41.550093Z',
  severity: 'critical',
  message:
    'bob (platform) was denied the privileged pod r00t in namespace payments of cluster prod-eu, lowered the namespace to privileged 4 s later and then created the pod: the API server admitted it.',
  namespace: 'payments',
  resource: { type: 'pods', name: 'r00t' },
  action: 'create',
  ...BOB,
  rule: {
    id: 'd8a1e5b2-3f7c-4a90-b7de-92c4e6a03f03',
    name: 'Denied, relabelled, admitted',
    description:
      'The same person was refused a pod by Pod Security, weakened the namespace, and got the pod through within ten minutes.',
    reference: 'https://attack.mitre.org/techniques/T1562/001/',
  },
  threat: {
    framework: 'MITRE ATT&CK',
    tactic: { id: ['TA0005', 'TA0004'], name: ['Defense Evasion', 'Privilege Escalation'] },
    technique: { id: ['T1562.001', 'T1611'], name: ['Disable or Modify Tools', 'Escape to Host'] },
  },
  gatewatch: {
    detection_id: 'AC08',
    outcome: 'admitted',
    version: 2,
    admission: { outcome: 'admitted', mutated_by: ['sidecar-injector.istio.io'] },
    pod_security: VIOLATIONS,
    namespace: RELABELLED,
    evidence: [DENIED_POD, RELABEL, ADMITTED_POD],
  },
});

/** What a hostile pod name, user agent, URI and message may hold. */
export const HOSTILE_TEXT =
  '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>\u202egnp.exe\u0000\u001b[2J\u200b';

/** An alert about a request whose every text was chosen to break what shows it. */
export const HOSTILE = alertOf({
  id: 'd00d1e5c0ffee042',
  time: '2026-11-22T13:40:00.000000Z',
  severity: 'high',
  message: `mallory tried to create the pod ${HOSTILE_TEXT} in cluster prod-eu.`,
  namespace: HOSTILE_TEXT,
  resource: { type: 'pods', name: HOSTILE_TEXT },
  user: `mallory${HOSTILE_TEXT}`,
  groups: [HOSTILE_TEXT],
  ip: '203.0.113.9',
  agent: HOSTILE_TEXT + 'A'.repeat(1_000_000),
  rule: {
    id: 'rule-hostile',
    name: `Rule ${HOSTILE_TEXT}`,
    description: HOSTILE_TEXT,
    reference:
      "javascript:document.title='owned' https://example.com/reference data:text/html,<script>1</script>",
  },
  threat: {
    framework: 'MITRE ATT&CK',
    technique: { id: ['T1611', 'javascript:alert(1)'], name: ['Escape to Host', HOSTILE_TEXT] },
  },
  gatewatch: {
    outcome: 'failed',
    admission: {
      outcome: 'failed',
      denied_by: [{ engine: HOSTILE_TEXT, policy: HOSTILE_TEXT, message: `${HOSTILE_TEXT}\nsecond line` }],
      failed_open: [HOSTILE_TEXT],
    },
    pod_security: { baseline: [{ check: HOSTILE_TEXT, reason: HOSTILE_TEXT, detail: HOSTILE_TEXT }] },
    namespace: { labels_before: {}, labels_after: { [HOSTILE_TEXT]: HOSTILE_TEXT }, changes: [HOSTILE_TEXT] },
    baseline: {
      field: ['userAgent'],
      value: [HOSTILE_TEXT],
      learned_since: '2026-11-01T00:00:00.000000Z',
      last_seen: '2026-11-02',
    },
    evidence: [{ ...DENIED_POD, uri: `/api/v1/${HOSTILE_TEXT}`, user: HOSTILE_TEXT, audit_id: HOSTILE_TEXT }],
    limits: [HOSTILE_TEXT],
  },
});
