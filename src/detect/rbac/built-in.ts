import { type Power, powerOf } from './power.ts';

const EVERYTHING = powerOf({
  rules: [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ],
});

const NAMESPACE_USER: readonly Power[] = [
  'secrets',
  'pods-exec',
  'impersonate',
  'write',
  'pods-create',
  'token-create',
];

const MAKES_PODS: readonly Power[] = ['write', 'pods-create'];

/** Reads and writes whatever kinds of objects there are. */
const READS_AND_WRITES_ALL: readonly Power[] = [
  'wildcard-resources',
  'write',
  'secrets',
  'nodes-proxy',
  'pods-exec',
  'csr-approve',
  'admission-control',
  'namespaces-label',
];

/**
 * Powers of the cluster roles that come with Kubernetes and have one beside `write`, as Kubernetes 1.37 makes them
 * (k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy).
 */
const BUILT_IN: ReadonlyMap<string, readonly Power[]> = new Map([
  ['cluster-admin', EVERYTHING],
  // A group, not a role: who binds a role of this name means what the group may do, and may make that role.
  ['system:masters', EVERYTHING],
  ['admin', NAMESPACE_USER],
  ['edit', NAMESPACE_USER],
  ['system:aggregate-to-edit', NAMESPACE_USER],
  ['system:node', ['write', 'pods-create', 'secrets', 'token-create']],
  ['system:kubelet-api-admin', ['wildcard-verbs', 'write', 'nodes-proxy']],
  ['system:kube-controller-manager', ['write', 'secrets', 'wildcard-resources', 'token-create']],
  ['system:certificates.k8s.io:legacy-unknown-approver', ['csr-approve']],
  ['system:certificates.k8s.io:kubelet-serving-approver', ['csr-approve']],
  ['system:certificates.k8s.io:kube-apiserver-client-approver', ['csr-approve']],
  ['system:certificates.k8s.io:kube-apiserver-client-kubelet-approver', ['csr-approve']],
  ...controllers(['certificate-controller'], ['write', 'csr-approve']),
  ...controllers(['clusterrole-aggregation-controller'], ['write', 'escalate']),
  ...controllers(['generic-garbage-collector', 'storage-version-migrator-controller'], READS_AND_WRITES_ALL),
  ...controllers(['horizontal-pod-autoscaler'], ['write', 'wildcard-resources']),
  ...controllers(
    ['namespace-controller'],
    READS_AND_WRITES_ALL.filter((power) => power !== 'csr-approve'),
  ),
  ...controllers(['resourcequota-controller'], ['wildcard-resources', 'secrets', 'write']),
  ...controllers(
    [
      'cronjob-controller',
      'daemon-set-controller',
      'deployment-controller',
      'job-controller',
      'persistent-volume-binder',
      'replicaset-controller',
      'replication-controller',
      'statefulset-controller',
    ],
    MAKES_PODS,
  ),
]);

function controllers(
  names: readonly string[],
  powers: readonly Power[],
): (readonly [string, readonly Power[]])[] {
  return names.map((name) => [`system:controller:${name}`, powers] as const);
}

/** Powers of a cluster role by its name; none for one that does not come with Kubernetes, or may do little. */
export function builtInPower(clusterRole: string): readonly Power[] {
  return BUILT_IN.get(clusterRole) ?? [];
}
