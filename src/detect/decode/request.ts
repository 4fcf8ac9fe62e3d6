import type { ReceivedRecord } from '../../record/record.ts';
import type { Source } from '../../record/signal.ts';
import type { EventTime } from '../../record/time.ts';
import type { Caller } from '../caller/caller.ts';
import type { EventFields } from '../sigma/event.ts';
import type { EngineDecision } from './decision/engine-decision.ts';
import type { JsonObject } from './json.ts';

/** `objectRef` of an audit event, or the same of a review or decision. */
export interface ObjectRef {
  readonly resource: string;
  readonly subresource: string;
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly namespace: string;
  readonly name: string;
}

/**
 * One request to the API server as one source saw it: an audit event, an admission review or a policy engine's decision in the same shape.
 * Sigma rules read it by `field`, in the layout of audit.k8s.io/v1; the detectors by the other members, which hold
 * what they promise whatever types the JSON had.
 */
export interface Request extends EventFields {
  readonly record: ReceivedRecord;
  readonly source: Source;
  /** What a policy engine decided about the request; only a decision has it. */
  readonly engineDecision?: EngineDecision;
  readonly auditId: string | undefined;
  readonly stage: string;
  /** Order of this record among those of the same request: what has the highest rank is how it ended. */
  readonly rank: number;
  readonly verb: string;
  readonly uri: string | undefined;
  readonly caller: Caller;
  readonly ref: ObjectRef;
  /** HTTP status; absent before the answer, in reviews and in decisions. */
  readonly code: number | undefined;
  /** `responseStatus`, empty if there is none. */
  readonly status: JsonObject;
  /** The answer's `responseStatus.message`. */
  readonly message: string | undefined;
  readonly annotations: JsonObject;
  /** Annotation `authorization.k8s.io/decision`. */
  readonly decision: string | undefined;
  /** The text of an annotation; cheaper to ask than `annotations`. */
  annotation(key: string): string | undefined;
  /** False if this is a part of no annotation's key; cheaper to ask than `annotations`. */
  mayHaveAnnotation(part: string): boolean;
  readonly dryRun: boolean;
  readonly time: EventTime | undefined;
  /** When the API server received the request: the same in all its records. Absent where `time` is. */
  readonly began: EventTime | undefined;
  /** When the API server received the request, whole Unix seconds, the resolution of an object's own times; 0 if not known. */
  readonly receivedSeconds: number;
  /** Identity of the request, the same for all its stages. */
  readonly requestId: string;
  /** Identities that other sources gave the same request. */
  readonly sameAs: readonly string[];
  /** What the source could not tell. */
  readonly limits: readonly string[];
  /** Bodies, decoded when first asked for. Throw ITEM_NOT_JSON if their bytes are not. */
  readonly requestObject: unknown;
  readonly responseObject: unknown;
  /** The object before the write; only a review has it. */
  readonly oldObject: unknown;
}

/** Verbs that change something and therefore pass through admission. `connect` is a review's; an audit event of exec has `create` or `get`. */
const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection', 'connect']);

/** Subresources that open a connection into a pod, node or service: admission sees them as CONNECT, also with verb `get`. */
const CONNECTS = new Set(['exec', 'attach', 'portforward', 'proxy']);

/** True if the request made a new object: a create, or a server-side apply of something that was not there (201). */
export function creates({ verb, code }: Pick<Request, 'verb' | 'code'>): boolean {
  return verb === 'create' || (verb === 'patch' && code === 201);
}

/** Verbs whose bodies are the object as it is written, or a patch of it. */
const OBJECT_WRITES = new Set(['create', 'update', 'patch']);

/** True if the request writes an object that its bodies tell. */
export function writesObject({ verb }: Pick<Request, 'verb'>): boolean {
  return OBJECT_WRITES.has(verb);
}

/** Verbs whose bodies are the object itself, or a patch of it; a deletion is answered with it. */
const OF_OBJECT = new Set([...OBJECT_WRITES, 'delete', 'get']);

/** True if a body of the request may hold the object that it concerns. */
export function holdsObject({ verb }: Pick<Request, 'verb'>): boolean {
  return OF_OBJECT.has(verb);
}

/** True if the request opens a connection into a pod, node or service. */
export function opensConnection({ ref }: Pick<Request, 'ref'>): boolean {
  return CONNECTS.has(ref.subresource);
}

/** True if the request asks for something that admission decides. */
export function passesAdmission(request: Pick<Request, 'verb' | 'ref'>): boolean {
  return WRITES.has(request.verb) || opensConnection(request);
}

/** Resources that are asked by creating one, and kept nowhere (groups authentication.k8s.io and authorization.k8s.io). */
const QUESTIONS = new Set([
  'tokenreviews',
  'selfsubjectreviews',
  'subjectaccessreviews',
  'localsubjectaccessreviews',
  'selfsubjectaccessreviews',
  'selfsubjectrulesreviews',
]);

/** True if a dry run spares the cluster what the request asks for. A token is issued, a question answered and a connection opened all the same. */
export function heedsDryRun({ ref, verb }: Pick<Request, 'verb' | 'ref'>): boolean {
  if (!WRITES.has(verb) || opensConnection({ ref })) return false;
  return ref.subresource !== 'token' && !QUESTIONS.has(ref.resource);
}

/** True if a write was answered and the event does not say how, nor that it was refused: exports that trim events leave the status out. */
export function lacksStatus(request: Request): boolean {
  const { code, source, stage, decision } = request;
  if (code !== undefined || source !== 'audit' || stage === 'RequestReceived' || stage === 'Panic')
    return false;
  if (decision === 'forbid') return false;
  return passesAdmission(request) && request.status.status !== 'Failure';
}
