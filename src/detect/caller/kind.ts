/** What kind of identity asked. */
export type ActorKind =
  | 'anonymous'
  | 'person'
  | 'service-account'
  | 'controller'
  | 'node'
  | 'control-plane'
  | 'unknown';

/** Controllers of kube-controller-manager that create pods from templates (k8s.io/kubernetes/pkg/controller). */
const POD_CONTROLLERS = new Set([
  'replicaset-controller',
  'replication-controller',
  'daemon-set-controller',
  'statefulset-controller',
  'job-controller',
  'cronjob-controller',
  'deployment-controller',
]);

const KUBE_SYSTEM = 'system:serviceaccount:kube-system:';

/** @param name the authenticated user's */
export function actorKind(name: string): ActorKind {
  if (name === '') return 'unknown';
  if (name === 'system:anonymous') return 'anonymous';
  if (name.startsWith('system:node:')) return 'node';
  if (name.startsWith('system:serviceaccount:')) {
    const isController = name.startsWith(KUBE_SYSTEM) && POD_CONTROLLERS.has(name.slice(KUBE_SYSTEM.length));
    return isController ? 'controller' : 'service-account';
  }
  // kube-controller-manager without --use-service-account-credentials acts under its own name.
  if (name === 'system:kube-controller-manager') return 'controller';
  return name.startsWith('system:') ? 'control-plane' : 'person';
}
