import { answeredMetadata } from '../decode/answer.ts';
import { at } from '../decode/json.ts';
import { holdsObject, type Request, writesObject } from '../decode/request.ts';
import { labelsOf } from '../namespace/label-patch.ts';
import type { Labels } from '../namespace/labels.ts';
import { labelsEntry, type PostureEntry } from '../namespace/posture.ts';
import type { EventView, Past } from '../view.ts';
import { enforcedPolicy } from '../workload/pod-security.ts';
import type { ObjectVersion } from './object-history.ts';
import { accountOf, isRemembered, JUDGES, objectPath, ownerOf, trimmed } from './remembered.ts';

/** What a request teaches those that come after it. */
export interface Taught {
  readonly posture?: PostureEntry;
  /** By path. */
  readonly objects: readonly (readonly [path: string, version: ObjectVersion])[];
}

/** What most requests teach. */
export const NOTHING: Taught = { objects: [] };

/** What a record shows of the past of those that come after it. @param past what was known just before, which is asked where it matters */
export function taughtBy(view: EventView, past: Pick<Past, 'namespace'>): Taught {
  const shown = postureSeen(view, past);
  const version = versionSeen(view);
  const judges = judgesSeen(view);
  if (!shown && !version && !judges) return NOTHING;
  const objects: [string, ObjectVersion][] = [];
  if (version) objects.push([objectPath(view.request.ref.resource, view.objectName), version]);
  if (judges) objects.push([JUDGES, judges]);
  return shown ? { posture: shown, objects } : { objects };
}

/** The version of an object that a request leaves, or shows; undefined if it is of no kind that is remembered, or changes nothing. */
function versionSeen(view: EventView): ObjectVersion | undefined {
  const { request } = view;
  const { ref, verb } = request;
  // What is cheap to ask comes first: most requests teach nothing.
  if (ref.subresource !== '' || !holdsObject({ verb })) return undefined;
  // What was read is seldom recorded.
  if (verb === 'get' && !request.responseObject) return undefined;
  if (!isRemembered(ref) || request.source !== 'audit') return undefined;
  const { time, requestId, caller } = request;
  if (time === undefined) return undefined;
  if (verb === 'get') {
    const body = view.before ? undefined : trimmed(request.responseObject, ref);
    return body && { time, request: requestId, body: JSON.stringify(body) };
  }
  if (view.outcome !== 'admitted' || view.objectName === '') return undefined;
  if (verb === 'delete') return { time, request: requestId, user: caller.name };
  if (!writesObject({ verb }) || view.leftAsItWas) return undefined;
  const body = view.after;
  if (body === undefined) return undefined;
  const { object } = view.written!;
  const owner = ownerOf(object);
  const account = accountOf(object, ref);
  return {
    time,
    request: requestId,
    user: caller.name,
    ...(owner && { owner }),
    ...(account && { account }),
    body,
  };
}

/** What a record shows of its namespace: its labels (a write or read of the Namespace), or the level that a pod was held to. */
function postureSeen(view: EventView, past: Pick<Past, 'namespace'>): PostureEntry | undefined {
  const { ref, verb, source } = view.request;
  if (source !== 'audit') return undefined;
  if (ref.resource === 'namespaces') return labelsSeen(view);
  // Pod Security tells the level of what it judges at enforcement: pods.
  return ref.resource === 'pods' && writesObject({ verb }) ? levelSeen(view.request, past) : undefined;
}

/** Which policies and bindings have a say in the namespace, where the request shows any. */
function judgesSeen(view: EventView): ObjectVersion | undefined {
  const { request } = view;
  const { time, source, ref } = request;
  if (source !== 'audit' || !writesObject(request) || time === undefined || ref.namespace === '')
    return undefined;
  if (view.ownJudges.length === 0) return undefined;
  return { time, request: request.requestId, body: JSON.stringify({ judges: view.judges }) };
}

function levelSeen(request: Request, past: Pick<Past, 'namespace'>): PostureEntry | undefined {
  const enforce = enforcedPolicy(request)?.split(':')[0];
  const { time } = request;
  if (enforce === undefined || time === undefined || past.namespace.enforce === enforce) return undefined;
  return { time, request: request.requestId, enforce };
}

function labelsSeen(view: EventView): PostureEntry | undefined {
  const { request } = view;
  const { ref, verb, code } = request;
  if (!holdsObject({ verb }) || (ref.name === '' && verb !== 'create')) return undefined;
  if (code === undefined || code >= 300 || request.dryRun || request.time === undefined) return undefined;
  const entry = (labels: Labels) =>
    labelsEntry(request.time!, request.requestId, labels, request.caller.name);
  if (verb === 'delete') return entry({});
  if (verb === 'get') {
    const { responseObject } = request;
    return at(responseObject, 'kind') === 'Namespace' ? entry(labelsOf(responseObject)) : undefined;
  }
  const change = view.namespaceChange;
  // A patch tells all labels only on top of known ones, or by its answer.
  const whole = change?.labels_before || answeredMetadata(request.responseObject) || verb !== 'patch';
  return change?.labels_after && whole ? entry(change.labels_after) : undefined;
}
