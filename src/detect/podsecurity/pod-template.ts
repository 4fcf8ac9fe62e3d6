import { type JsonObject, objectOf } from './json.ts';

/** Metadata and spec of a pod, and where in the object they stand. */
export interface PodLocation {
  readonly metadata?: unknown;
  readonly spec?: unknown;
  /** Field path of the pod or its template, for example `spec.template`; empty for a Pod itself. */
  readonly path: string;
}

interface PodCarrier {
  readonly kind: string;
  readonly resource: string;
  /** API groups that have or had it; the core group is empty. */
  readonly groups: readonly string[];
  readonly path: readonly string[];
}

/** Kinds that are a pod or carry a template of one. */
export const POD_CARRIERS: readonly PodCarrier[] = [
  { kind: 'Pod', resource: 'pods', groups: [''], path: [] },
  { kind: 'PodTemplate', resource: 'podtemplates', groups: [''], path: ['template'] },
  {
    kind: 'ReplicationController',
    resource: 'replicationcontrollers',
    groups: [''],
    path: ['spec', 'template'],
  },
  { kind: 'ReplicaSet', resource: 'replicasets', groups: ['apps', 'extensions'], path: ['spec', 'template'] },
  { kind: 'Deployment', resource: 'deployments', groups: ['apps', 'extensions'], path: ['spec', 'template'] },
  { kind: 'StatefulSet', resource: 'statefulsets', groups: ['apps'], path: ['spec', 'template'] },
  { kind: 'DaemonSet', resource: 'daemonsets', groups: ['apps', 'extensions'], path: ['spec', 'template'] },
  { kind: 'Job', resource: 'jobs', groups: ['batch', 'extensions'], path: ['spec', 'template'] },
  {
    kind: 'CronJob',
    resource: 'cronjobs',
    groups: ['batch'],
    path: ['spec', 'jobTemplate', 'spec', 'template'],
  },
];

const BY_KIND: ReadonlyMap<string, PodCarrier> = new Map(
  POD_CARRIERS.map((carrier) => [carrier.kind, carrier]),
);
const BY_RESOURCE: ReadonlyMap<string, PodCarrier> = new Map(
  POD_CARRIERS.map((carrier) => [carrier.resource, carrier]),
);

/** The service account that a pod's spec names: `serviceAccount` is what the field was called, and the API server still takes it (k8s.io/kubernetes/pkg/apis/core/v1, conversion.go). */
export function serviceAccountOf(spec: JsonObject | undefined): unknown {
  return spec?.serviceAccountName || spec?.serviceAccount;
}

/** Whether objects of a resource carry a template of pods. */
export function hasTemplate(resource: string): boolean {
  return (BY_RESOURCE.get(resource)?.path.length ?? 0) > 0;
}

/**
 * Finds the pod that an object is or carries a template of, for the kinds that the reference evaluates
 * (`DefaultPodSpecExtractor`, k8s.io/pod-security-admission/admission, admission.go); undefined for every other.
 *
 * The object's own kind decides, and its API group must be a built-in one: a custom resource may carry the name
 * `Job` without being one. `resource` (plural, for example `deployments`) stands in where the object has no kind.
 */
export function podOf(object: unknown, resource?: string): PodLocation | undefined {
  const root = objectOf(object);
  if (root === undefined) return undefined;
  const carrier = carrierOf(root, resource);
  if (carrier === undefined) return undefined;
  let pod: JsonObject | undefined = root;
  for (const field of carrier.path) {
    pod = objectOf(pod[field]);
    if (pod === undefined) return undefined;
  }
  return { metadata: pod.metadata, spec: pod.spec, path: carrier.path.join('.') };
}

function carrierOf(root: JsonObject, resource: string | undefined): PodCarrier | undefined {
  const { kind, apiVersion } = root;
  let carrier: PodCarrier | undefined;
  if (typeof kind === 'string' && kind !== '') carrier = BY_KIND.get(kind);
  else if (resource !== undefined) carrier = BY_RESOURCE.get(resource);
  if (carrier === undefined || typeof apiVersion !== 'string' || apiVersion === '') return carrier;
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  return carrier.groups.includes(group) ? carrier : undefined;
}
