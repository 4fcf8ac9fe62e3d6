import type { Pod } from './pods.ts';

/** A kind of object that is a pod or holds the template of one. */
export interface Nesting {
  readonly kind: string;
  readonly resource: string;
  readonly apiGroup: string;
  /** Group and version under which it could be written before. */
  readonly former?: string;
  /** What of the object holds the pod, without kind and metadata. */
  holding(pod: Pod): object;
}

const templated = (pod: Pod) => ({ spec: { template: pod } });
const core = { apiGroup: '' };
const apps = { apiGroup: 'apps', holding: templated };
const batch = { apiGroup: 'batch' };

/** Every kind that Pod Security judges (k8s.io/pod-security-admission/admission, admission.go, `DefaultPodSpecExtractor`). */
export const NESTINGS: readonly Nesting[] = [
  { kind: 'Pod', resource: 'pods', ...core, holding: ({ spec }) => ({ spec }) },
  { kind: 'PodTemplate', resource: 'podtemplates', ...core, holding: (pod) => ({ template: pod }) },
  { kind: 'ReplicationController', resource: 'replicationcontrollers', ...core, holding: templated },
  { kind: 'ReplicaSet', resource: 'replicasets', former: 'extensions/v1beta1', ...apps },
  { kind: 'Deployment', resource: 'deployments', former: 'extensions/v1beta1', ...apps },
  { kind: 'StatefulSet', resource: 'statefulsets', former: 'apps/v1beta1', ...apps },
  { kind: 'DaemonSet', resource: 'daemonsets', former: 'extensions/v1beta1', ...apps },
  { kind: 'Job', resource: 'jobs', ...batch, holding: templated },
  {
    kind: 'CronJob',
    resource: 'cronjobs',
    former: 'batch/v1beta1',
    ...batch,
    holding: (pod) => ({ spec: { schedule: '* * * * *', jobTemplate: templated(pod) } }),
  },
];

/** The object of a kind, with the pod in its place. */
export function nested({ kind, apiGroup, holding }: Nesting, pod: Pod): Record<string, unknown> {
  const apiVersion = apiGroup === '' ? 'v1' : `${apiGroup}/v1`;
  // Annotations of a pod are its own, those of a template stand in it.
  const metadata = { name: 'x', namespace: 'dev', ...(kind === 'Pod' ? pod.metadata : {}) };
  return { kind, apiVersion, metadata, ...holding(pod) };
}
