import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Document } from 'yaml';
import { packageRoot } from '../config/package-root.ts';
import { OBSERVER_WEBHOOK } from '../record/observer.ts';
import { opaConfig, shippersReadme } from './setup-engines.ts';

/** The name that the API server puts before our audit annotations; changing it breaks the join of review and event. */

/** How the API server authenticates when it sends audit events. */
export type AuditCredential =
  | { readonly token: string }
  | { readonly cert: string; readonly key: string; readonly notAfterMs: number };

/** What a cluster's files are made of. */
export interface ClusterAccess {
  readonly cluster: string;
  /** Host and port under which the cluster's API server reaches the https listener. */
  readonly address: string;
  readonly audit: AuditCredential;
  readonly admissionToken: string;
  readonly decisionToken: string;
  /** Port of Gatewatch's http listener, which serves the metrics. */
  readonly httpPort: number;
  /** PEM; absent if the listener's certificate comes from a public authority. */
  readonly ca: string | undefined;
}

interface ClusterFile {
  readonly name: string;
  readonly content: string;
}

/** The files that an administrator needs to connect a cluster. */
export function clusterFiles(access: ClusterAccess): ClusterFile[] {
  const files = [
    { name: 'README.txt', content: readme(access) },
    { name: 'audit-policy.yaml', content: auditPolicy() },
    { name: 'audit-webhook.kubeconfig', content: auditKubeconfig(access) },
    { name: 'observer.yaml', content: observer(access) },
    { name: 'opa-config.yaml', content: opaConfig(access) },
    { name: 'decisions.token', content: `${access.decisionToken}\n` },
  ];
  return access.ca === undefined ? files : [...files, { name: 'ca.crt', content: access.ca }];
}

/** The audit policy that Gatewatch is made for. */
export function auditPolicy(): string {
  return readFileSync(join(packageRoot(), 'deploy', 'audit-policy.yaml'), 'utf8');
}

function auditUrl({ address, cluster }: ClusterAccess): string {
  return `https://${address}/v1/audit/${cluster}`;
}

function auditKubeconfig(access: ClusterAccess): string {
  const { audit, ca, cluster } = access;
  const user =
    'token' in audit
      ? { token: audit.token }
      : { 'client-certificate-data': base64(audit.cert), 'client-key-data': base64(audit.key) };
  return yaml(
    `Where the API server of ${cluster} sends its audit events: --audit-webhook-config-file. Holds a credential.`,
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'gatewatch',
          cluster: {
            server: auditUrl(access),
            ...(ca === undefined ? {} : { 'certificate-authority-data': base64(ca) }),
          },
        },
      ],
      users: [{ name: cluster, user }],
      contexts: [{ name: 'audit', context: { cluster: 'gatewatch', user: cluster } }],
      'current-context': 'audit',
    },
  );
}

/**
 * The writes that any detection reads, named one by one. Everything frequent and without meaning (leases, events,
 * reviews of access, node and pod status) is left out by not being named, which costs the API server less than a
 * condition on every request, and works on every version that serves the v1 API.
 */
const OBSERVED: readonly {
  groups: readonly string[];
  resources: readonly string[];
  operations?: readonly string[];
}[] = [
  {
    groups: [''],
    resources: [
      'namespaces',
      'namespaces/status',
      'namespaces/finalize',
      'pods',
      'pods/ephemeralcontainers',
      'replicationcontrollers',
      'services',
      'serviceaccounts',
      'persistentvolumes',
    ],
  },
  {
    groups: [''],
    resources: [
      'pods/exec',
      'pods/attach',
      'pods/portforward',
      'pods/proxy',
      'services/proxy',
      'nodes/proxy',
    ],
    operations: ['CONNECT'],
  },
  { groups: ['apps'], resources: ['daemonsets', 'deployments', 'replicasets', 'statefulsets'] },
  { groups: ['batch'], resources: ['cronjobs', 'jobs'] },
  { groups: ['networking.k8s.io'], resources: ['ingresses', 'networkpolicies'] },
  {
    groups: ['certificates.k8s.io'],
    resources: ['certificatesigningrequests', 'certificatesigningrequests/approval'],
  },
  { groups: ['apiregistration.k8s.io'], resources: ['apiservices'] },
  {
    groups: ['kyverno.io'],
    resources: [
      'clusterpolicies',
      'policies',
      'policyexceptions',
      'cleanuppolicies',
      'clustercleanuppolicies',
      'globalcontextentries',
    ],
  },
  {
    groups: [
      'rbac.authorization.k8s.io',
      'admissionregistration.k8s.io',
      'constraints.gatekeeper.sh',
      'templates.gatekeeper.sh',
      'config.gatekeeper.sh',
      'mutations.gatekeeper.sh',
      'policies.kyverno.io',
      'policies.kubewarden.io',
      'policy.sigstore.dev',
      'config.ratify.deislabs.io',
    ],
    resources: ['*'],
  },
];

function observer({ address, cluster, admissionToken, ca }: ClusterAccess): string {
  return yaml(
    [
      `Shows Gatewatch every write of ${cluster} that matters, with the whole object before and after. It never refuses one:`,
      'the answer is always yes, and failurePolicy Ignore lets requests pass when Gatewatch is away.',
      'Holds a credential, in the URL: an API server sends none to a webhook unless it is told to.',
    ].join('\n'),
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: OBSERVER_WEBHOOK, labels: { 'app.kubernetes.io/name': 'gatewatch' } },
      webhooks: [
        {
          name: OBSERVER_WEBHOOK,
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy: 'Ignore',
          timeoutSeconds: 1,
          matchPolicy: 'Equivalent',
          clientConfig: {
            url: `https://${address}/v1/admission/${cluster}/${admissionToken}`,
            ...(ca === undefined ? {} : { caBundle: base64(ca) }),
          },
          rules: OBSERVED.map(({ groups, resources, operations }) => ({
            apiGroups: groups,
            apiVersions: ['*'],
            resources,
            operations: operations ?? ['CREATE', 'UPDATE', 'DELETE'],
            scope: '*',
          })),
        },
      ],
    },
  );
}

function readme(access: ClusterAccess): string {
  const { address, audit, ca, cluster, httpPort } = access;
  const title = `Connecting the cluster ${cluster} to Gatewatch at ${address}`;
  const trust = ca === undefined ? '' : '--cacert ca.crt ';
  const empty = `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[]}`;
  const check =
    'token' in audit
      ? `   TOKEN=$(sed -n 's/^ *token: //p' audit-webhook.kubeconfig)
   curl ${trust}-H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
     -d '${empty}' -w '%{http_code}\\n' ${auditUrl(access)}`
      : `   sed -n 's/^ *client-certificate-data: //p' audit-webhook.kubeconfig | base64 -d > /tmp/gatewatch.crt
   (umask 077; sed -n 's/^ *client-key-data: //p' audit-webhook.kubeconfig | base64 -d > /tmp/gatewatch.key)
   curl ${trust}--cert /tmp/gatewatch.crt --key /tmp/gatewatch.key -H 'Content-Type: application/json' \\
     -d '${empty}' -w '%{http_code}\\n' ${auditUrl(access)}
   rm /tmp/gatewatch.crt /tmp/gatewatch.key`;
  const ends =
    'token' in audit
      ? ''
      : `
The client certificate ends on ${new Date(audit.notAfterMs).toISOString().slice(0, 10)}: run \`gatewatch setup ${cluster} --rotate\` before.`;
  return `${title}
${'='.repeat(title.length)}

The files audit-webhook.kubeconfig, observer.yaml and decisions.token hold credentials: keep them as you keep a
kubeconfig.${ends}

1. Is Gatewatch reachable? On a control-plane node, in this folder; it must print 200:

${check}

2. Audit events. On every control-plane node:

   sudo install -d -m 700 /etc/kubernetes/gatewatch
   sudo install -m 600 audit-policy.yaml audit-webhook.kubeconfig /etc/kubernetes/gatewatch/

   Then add to the API server; with kubeadm in /etc/kubernetes/manifests/kube-apiserver.yaml:

   spec:
     containers:
     - command:
       - kube-apiserver
       - --audit-policy-file=/etc/kubernetes/gatewatch/audit-policy.yaml
       - --audit-webhook-config-file=/etc/kubernetes/gatewatch/audit-webhook.kubeconfig
       - --audit-webhook-batch-max-wait=5s
       # ... the flags that are there already
       volumeMounts:
       - name: gatewatch
         mountPath: /etc/kubernetes/gatewatch
         readOnly: true
     volumes:
     - name: gatewatch
       hostPath:
         path: /etc/kubernetes/gatewatch
         type: Directory

   The kubelet restarts the API server when the file changes. Do not set --audit-webhook-truncate-enabled: a request
   made large on purpose would then arrive without its content.
   A cluster that has an audit policy already can keep it; what it does not record, Gatewatch cannot see.

3. Admission reviews:

   kubectl apply -f observer.yaml

4. Does it work? This writes nothing and is seen on both ways:

   kubectl create namespace gatewatch-check --dry-run=server

   On the machine that runs Gatewatch, after the --audit-webhook-batch-max-wait above, both counters have grown:

   curl -s http://127.0.0.1:${httpPort}/metrics | grep 'gatewatch_receive_records_total.*cluster="${cluster}"'

   If not, ask the API server whether it could send:

   kubectl get --raw /metrics | grep -E 'apiserver_audit_(event|error)_total|apiserver_admission_webhook_fail_open_count'

${shippersReadme(access)}`;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function yaml(comment: string, content: unknown): string {
  const document = new Document(content);
  document.commentBefore = comment.replace(/^/gm, ' ');
  return document.toString({ lineWidth: 0 });
}
