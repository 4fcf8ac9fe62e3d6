import type { Outcome } from '../../record/signal.ts';
import { at, isObject, member } from '../decode/json.ts';
import type { Request } from '../decode/request.ts';
import { changedSince } from '../namespace/label-patch.ts';
import { podOf } from '../podsecurity/pod-template.ts';
import { patchFragment } from './patch-fragment.ts';

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

const WRITES = new Set(['create', 'update', 'patch']);

/** True if the request is of a kind that can write a pod's spec; nothing has been decoded yet. */
export function mayWritePod({ ref, verb }: Pick<Request, 'ref' | 'verb'>): boolean {
  if (!WRITES.has(verb) || !POD_RESOURCES.has(ref.resource)) return false;
  // A pod's spec is fixed once it is created, but for these two subresources; `status` and `binding` leave it as it was.
  if (ref.resource === 'pods' && verb !== 'create') return ref.subresource === 'ephemeralcontainers';
  return ref.subresource === '' || ref.subresource === 'ephemeralcontainers';
}

/**
 * The pod spec that a request writes or tried to write: after defaulting and mutation where the answer has it, else as
 * asked for.
 * @returns undefined if it writes none, leaves the one it finds unchanged, or its bodies were not recorded
 */
export function writtenPod(request: Request, outcome: Outcome): WrittenPod | undefined {
  if (!mayWritePod(request)) return undefined;
  const { ref, verb } = request;
  const persisted =
    outcome === 'admitted' || outcome === 'dry-run' ? podOf(request.responseObject, ref.resource) : undefined;
  if (persisted) {
    if (verb !== 'create' && ref.subresource === '' && !rewritesTemplate(request)) return undefined;
    return { metadata: persisted.metadata, spec: persisted.spec, complete: true };
  }
  const asked = request.requestObject;
  if (request.source === 'review' && verb === 'update' && sameSpec(asked, request.oldObject))
    return undefined;
  const body = Array.isArray(asked) ? patchFragment(asked) : asked;
  const pod = podOf(body, ref.resource);
  return pod && { metadata: pod.metadata, spec: pod.spec, complete: verb !== 'patch' };
}

/** Whether an admitted update or patch of a workload concerns its pod template. Controllers update counters and annotations all the time. */
function rewritesTemplate(request: Request): boolean {
  const { requestObject, responseObject, verb } = request;
  if (verb === 'patch' && !namesTemplate(requestObject)) return false;
  const generation = at(responseObject, 'metadata', 'generation');
  const observed = at(responseObject, 'status', 'observedGeneration');
  // The controller has already seen this generation, so the request did not make it.
  if (typeof generation === 'number' && generation === observed) return false;
  return changedSince(responseObject, request.receivedSeconds);
}

function namesTemplate(patch: unknown): boolean {
  if (!Array.isArray(patch)) return isObject(patch) && member(patch, 'spec') !== undefined && mentions(patch);
  return patch.some((operation) =>
    /^\/spec(\/(jobTemplate|template)(\/|$)|$)/.test(String(at(operation, 'path'))),
  );
}

function mentions(patch: unknown): boolean {
  return at(patch, 'spec', 'template') !== undefined || at(patch, 'spec', 'jobTemplate') !== undefined;
}

function sameSpec(object: unknown, old: unknown): boolean {
  return JSON.stringify(member(object, 'spec')) === JSON.stringify(member(old, 'spec'));
}
