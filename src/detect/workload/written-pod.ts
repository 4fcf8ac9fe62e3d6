import type { Outcome } from '../../record/signal.ts';
import { at, isObject, type JsonObject, listOf, member, stringOf } from '../decode/json.ts';
import { pointerSegments } from '../decode/json-pointer.ts';
import { creates, type Request, writesObject } from '../decode/request.ts';
import type { WrittenObject } from '../memory/written-object.ts';
import { changedSince } from '../namespace/label-patch.ts';
import { podOf } from '../podsecurity/pod-template.ts';

/** The pod or pod template that a request writes. */
export interface WrittenPod {
  readonly metadata?: unknown;
  readonly spec?: unknown;
  /** False if only a patch of it is known: what is not in it may still be in the object. */
  readonly complete: boolean;
}

/** Resources that hold a pod or a pod template. */
const POD_RESOURCES = new Set([
  'pods',
  'podtemplates',
  'replicationcontrollers',
  'replicasets',
  'deployments',
  'statefulsets',
  'daemonsets',
  'jobs',
  'cronjobs',
]);

/** API groups of these resources, `extensions` before Kubernetes 1.16; another group's `jobs` are something else. */
const GROUPS = new Set(['', 'apps', 'batch', 'extensions']);

/** True if the request is of a kind that can write a pod's spec; nothing has been decoded yet. */
export function mayWritePod({ ref, verb }: Pick<Request, 'ref' | 'verb'>): boolean {
  if (!writesObject({ verb }) || !POD_RESOURCES.has(ref.resource) || !GROUPS.has(ref.apiGroup)) return false;
  // A pod's spec is fixed once it is created, but for images and this subresource; `status` and `binding` leave it as it was.
  if (ref.resource === 'pods' && verb !== 'create') {
    return (verb === 'patch' && ref.subresource === '') || ref.subresource === 'ephemeralcontainers';
  }
  return ref.subresource === '' || ref.subresource === 'ephemeralcontainers';
}

/**
 * The pod spec that a request writes or tried to write: after defaulting and mutation where the answer has it, else as
 * asked for.
 * @returns undefined if it writes none, leaves the one it finds unchanged, or its bodies were not recorded
 */
export function writtenPod(
  request: Request,
  outcome: Outcome,
  written: () => WrittenObject | undefined,
): WrittenPod | undefined {
  if (!mayWritePod(request)) return undefined;
  const { ref, verb } = request;
  if (patchesPod(request)) {
    const isChanged = changedSince(request.responseObject, request.receivedSeconds);
    return isChanged ? podOfImages(request.requestObject) : undefined;
  }
  const persisted =
    outcome === 'admitted' || outcome === 'dry-run' ? podOf(request.responseObject, ref.resource) : undefined;
  if (persisted) {
    if (!creates(request) && ref.subresource === '' && !rewritesTemplate(request)) return undefined;
    return { metadata: persisted.metadata, spec: writtenSpec(persisted.spec, request), complete: true };
  }
  if (verb === 'patch' && !writesPod(request)) return undefined;
  const { object, whole } = written() ?? {};
  const pod = podOf(object, ref.resource);
  if (!pod || (request.source === 'review' && sameSpec(pod.spec, request))) return undefined;
  return { metadata: pod.metadata, spec: writtenSpec(pod.spec, request), complete: whole ?? false };
}

/** Whether it is a patch of a pod that is there, and not one that creates it by applying it whole. */
function patchesPod(request: Request): boolean {
  const { ref, verb, code } = request;
  if (ref.resource !== 'pods' || verb !== 'patch' || ref.subresource !== '') return false;
  return code === 200 || at(request.requestObject, 'kind') !== 'Pod';
}

/** Lists of containers whose images can be changed (k8s.io/kubernetes/pkg/apis/core/validation, ValidatePodUpdate). */
const RUNNING = ['containers', 'initContainers'];

/** Of a pod that runs a patch changes little but images: those that it names. */
function podOfImages(patch: unknown): WrittenPod | undefined {
  const spec = Array.isArray(patch) ? specOfOperations(patch) : at(patch, 'spec');
  const lists = RUNNING.map((list) => {
    const named = listOf(at(spec, list)).filter((container) => stringOf(at(container, 'image')));
    return [list, named.map((container) => ({ name: at(container, 'name'), image: at(container, 'image') }))];
  });
  const some = lists.filter(([, containers]) => containers!.length > 0);
  return some.length === 0 ? undefined : { spec: Object.fromEntries(some), complete: false };
}

/** What a JSON patch writes into the lists of containers: `/spec/containers/0/image`, a container, a list of them. */
function specOfOperations(operations: readonly unknown[]): JsonObject {
  const lists: Record<string, unknown[]> = {};
  for (const operation of operations.slice(0, OPERATIONS_MAX)) {
    const [first, list, index, field] = pointerSegments(stringOf(at(operation, 'path')) ?? '');
    if (first !== 'spec' || !list || !RUNNING.includes(list)) continue;
    const value = at(operation, 'value');
    const containers = index === undefined ? listOf(value) : [field === 'image' ? { image: value } : value];
    lists[list] ??= [];
    for (const container of containers) lists[list].push(container);
  }
  return lists;
}

/** Operations of a JSON patch that are looked at; the API server takes no more (MaxJSONPatchOperations). */
const OPERATIONS_MAX = 10_000;

/** Of a pod that is given a debug container the containers that it had before are none of the request's doing. */
function writtenSpec(spec: unknown, { ref }: Request): unknown {
  if (ref.subresource !== 'ephemeralcontainers' || !isObject(spec)) return spec;
  const { containers, initContainers, ...rest } = spec;
  return rest;
}

/** Whether a patch speaks of the pod. Of the patches of a pod itself only an apply can create one, and it says what it is. */
function writesPod({ ref, requestObject }: Request): boolean {
  if (ref.resource !== 'pods') return namesTemplate(requestObject);
  return ref.subresource !== '' || at(requestObject, 'kind') === 'Pod';
}

/** Whether an admitted update or patch of a workload concerns its pod template. Controllers update counters and annotations all the time. */
function rewritesTemplate(request: Request): boolean {
  const { responseObject, verb } = request;
  if (verb === 'patch' && !namesTemplate(request.requestObject)) return false;
  const generation = at(responseObject, 'metadata', 'generation');
  const observed = at(responseObject, 'status', 'observedGeneration');
  // The controller has already seen this generation, so the request did not make it.
  if (typeof generation === 'number' && generation === observed) return false;
  return changedSince(responseObject, request.receivedSeconds);
}

/** Where the template stands: `template` of a PodTemplate, `spec.jobTemplate` of a CronJob, `spec.template` of the others. */
function namesTemplate(patch: unknown): boolean {
  if (Array.isArray(patch)) {
    return patch.some((operation) => {
      const [first, second] = pointerSegments(stringOf(at(operation, 'path')) ?? '');
      const below = first === 'spec' ? second : first;
      return below === undefined || below === 'template' || below === 'jobTemplate';
    });
  }
  const spec = member(patch, 'spec');
  return [member(patch, 'template'), member(spec, 'template'), member(spec, 'jobTemplate')].some(
    (template) => template !== undefined,
  );
}

function sameSpec(spec: unknown, { ref, verb, oldObject }: Request): boolean {
  return verb === 'update' && JSON.stringify(spec) === JSON.stringify(podOf(oldObject, ref.resource)?.spec);
}
