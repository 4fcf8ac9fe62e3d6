import { GatewatchError } from '../../errors.ts';
import { contentId, type ReceivedRecord } from '../../record/record.ts';
import { parseEventTime, SECOND } from '../../record/time.ts';
import { OBSERVER_ANNOTATION } from '../admission/observer.ts';
import { CALLER_FIELDS, Caller } from '../caller/caller.ts';
import { textsOf } from '../sigma/event.ts';
import { plainJson } from '../sigma/spelling.ts';
import { type Glance, glanceAt, objectRefOf, unescaped } from './glance.ts';
import { isObject, type JsonObject, listOf, member, objectOf, parseJson, stringOf } from './json.ts';
import { parseObject } from './managed-fields.ts';
import { completedRef } from './object-ref.ts';
import { lacksStatus, type ObjectRef, type Request } from './request.ts';
import { parametersOf } from './uri.ts';

/** Annotation in which the API server says whether the request was authorized (k8s.io/apiserver/pkg/endpoints/filters/authorization.go). */
const DECISION = 'authorization.k8s.io/decision';
const ALLOWED = `"${DECISION}":"allow","authorization.k8s.io/reason":"`;

/** A value in ASCII in which nothing is escaped. */
const PLAIN_VALUE = /"([ !#-[\]-~]*)"/y;

/** Quotes in a value are escaped: this stands only between a value and the next key. */
const NEXT = '","';

function isAnnotated(annotations: string): boolean {
  return !annotations.startsWith(ALLOWED) || annotations.includes(NEXT, ALLOWED.length);
}

/** Of an event that was cut (k8s.io/apiserver/plugin/pkg/audit/truncate). */
const TRUNCATED = 'audit.k8s.io/truncated';

const NONE: readonly string[] = [];

/** Stages in the order in which the API server writes them (k8s.io/apiserver/pkg/apis/audit/v1). */
const STAGE_RANK: ReadonlyMap<string, number> = new Map([
  ['RequestReceived', 1],
  ['ResponseStarted', 2],
  ['ResponseComplete', 3],
  ['Panic', 3],
]);

const TEXT_FIELDS = ['level', 'auditID', 'stage', 'requestURI', 'verb', 'userAgent'] as const;
const OBJECT_FIELDS = ['user', 'impersonatedUser', 'objectRef', 'responseStatus', 'annotations'] as const;

/**
 * Decodes an audit event, no more of it than is asked for: a glance at its beginning tells what most rules begin with, and its bodies, which are most of
 * its bytes, stay unparsed even when the rest is parsed.
 * @param timeMax the latest event time to believe
 * @throws ITEM_NOT_JSON, ITEM_NOT_AN_EVENT, here or when what is wrong is asked for
 */
export function decodeAuditEvent(record: ReceivedRecord, timeMax: number): Request {
  return new AuditEvent(record, timeMax);
}

/** The fields of the event, with the number of each body in its place. */
function headOf(record: ReceivedRecord): JsonObject {
  const fields = parseJson(headTextOf(record));
  if (!isObject(fields)) throw notAnEvent('the whole item', 'an object');
  return checked(fields);
}

function checked(fields: JsonObject): JsonObject {
  for (const name of TEXT_FIELDS) {
    if (!isText(member(fields, name))) throw notAnEvent(name, 'a string');
  }
  for (const name of OBJECT_FIELDS) {
    const value = member(fields, name);
    if (value !== undefined && value !== null && !isObject(value)) throw notAnEvent(name, 'an object');
  }
  if (!isText(member(fields.user, 'username'))) throw notAnEvent('user.username', 'a string');
  if (!fields.verb && !fields.requestURI && !fields.objectRef) {
    throw new GatewatchError('ITEM_NOT_AN_EVENT', 'It has neither verb, requestURI nor objectRef.', {
      where: 'verb',
    });
  }
  const ref = completedRef(objectOf(fields.objectRef), stringOf(fields.requestURI));
  return ref === fields.objectRef || !ref ? fields : { ...fields, objectRef: ref };
}

function isText(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string';
}

function notAnEvent(field: string, expected: string): GatewatchError {
  return new GatewatchError('ITEM_NOT_AN_EVENT', `Field ${field} is not ${expected}.`, { where: field });
}

function headTextOf({ bytes, bodies }: ReceivedRecord): string {
  if (bodies.length === 0) return bytes.toString();
  let text = '';
  let from = 0;
  for (let index = 0; index < bodies.length; index += 2) {
    text += bytes.toString('utf8', from, bodies[index]) + index;
    from = bodies[index + 1]!;
  }
  return text + bytes.toString('utf8', from);
}

/** Where the keys of bodies differ: the letter before `Object":`. */
const KEY_END = 'tObject":'.length;
const LETTERS = { requestObject: 't'.charCodeAt(0), responseObject: 'e'.charCodeAt(0) };

/** A record of another layout, read in that of an audit event. */
export interface Translation {
  readonly fields: JsonObject;
  /** What the source never tells. */
  readonly untold: readonly string[];
}

export class AuditEvent implements Request {
  readonly record: ReceivedRecord;
  readonly source = 'audit';
  readonly caller: Caller;
  readonly ref: ObjectRef;
  readonly verb: string;
  readonly stage: string;
  readonly code: number | undefined;
  readonly #glance: Glance | undefined;
  readonly #timeMax: number;
  readonly #untold: readonly string[];
  #bodies: Map<number, unknown> | undefined;
  #head: JsonObject | undefined;
  #annotations: JsonObject | undefined;
  #annotated: boolean | undefined;
  #status: JsonObject | undefined;
  #objectRef: JsonObject | undefined;
  #requestId: string | undefined;
  #claimedTime: number | null | undefined;

  constructor(record: ReceivedRecord, timeMax: number, translation?: Translation) {
    this.record = record;
    this.#timeMax = timeMax;
    this.#untold = translation?.untold ?? [];
    this.#head = translation && checked(translation.fields);
    this.#glance = translation ? undefined : glanceAt(record);
    const { verb, stage } = this.#glanced;
    this.verb = stringOf(verb) ?? '';
    this.stage = stringOf(stage) ?? 'unknown';
    this.ref = this.#glance?.ref ?? refOf(objectOf(this.#fields.objectRef));
    this.caller = this.#glance?.caller ?? new Caller(this.#fields);
    this.code = this.#glance ? this.#glance.code : codeOf(member(this.#fields.responseStatus, 'code'));
  }

  /** The fields that a glance tells, from it if there is one. */
  get #glanced(): Glance | JsonObject {
    return this.#glance ?? this.#fields;
  }

  get #fields(): JsonObject {
    this.#head ??= headOf(this.record);
    return this.#head;
  }

  field(root: string): unknown {
    if (CALLER_FIELDS.has(root)) return this.caller.field(root);
    const glance = this.#head ? undefined : this.#glance;
    switch (glance && root) {
      case 'level':
      case 'stage':
      case 'verb':
      case 'requestReceivedTimestamp':
      case 'stageTimestamp':
        return glance![root as keyof Glance];
      case 'responseStatus':
        return glance!.code === undefined ? undefined : this.status;
      case 'requestURI':
        return this.uri;
      case 'objectRef':
        this.#objectRef ??= objectRefOf(glance!);
        return this.#objectRef;
      case 'annotations':
        return glance!.annotations === '' ? undefined : this.annotations;
      case 'requestObject':
      case 'responseObject':
        return this.#bodyNamed(root as keyof typeof LETTERS);
      default: {
        const value = member(this.#fields, root);
        const isBody = root === 'requestObject' || root === 'responseObject';
        return isBody && typeof value === 'number' ? this.#body(value) : value;
      }
    }
  }

  /** The body of a name in an event of which no more is known than a glance. */
  #bodyNamed(name: keyof typeof LETTERS): unknown {
    const { bytes, bodies } = this.record;
    const letter = LETTERS[name];
    for (let index = 0; index < bodies.length; index += 2)
      if (bytes[bodies[index]! - KEY_END] === letter) return this.#body(index);
    return undefined;
  }

  keywords(): readonly string[] {
    return [...textsOf(parseJson(this.record.bytes.toString()))];
  }

  plainJson(): string | undefined {
    return plainJson(this.record.bytes.toString());
  }

  get auditId(): string | undefined {
    return stringOf((this.#glance && unescaped(this.#glance.auditID)) ?? this.#fields.auditID);
  }

  get annotations(): JsonObject {
    this.#annotations ??=
      this.#head || !this.#glance
        ? (objectOf(this.#fields.annotations) ?? {})
        : this.#glancedAnnotations(this.#glance);
    return this.#annotations;
  }

  /** They stand last, and are parsed alone. */
  #glancedAnnotations({ annotations }: Glance): JsonObject {
    if (annotations === '') return {};
    const { bytes } = this.record;
    const parsed = parseJson(`{"annotations":{${bytes.toString('utf8', bytes.length - annotations.length)}`);
    return objectOf(member(parsed, 'annotations')) ?? {};
  }

  get decision(): string | undefined {
    return this.#glance && !this.#isAnnotated ? 'allow' : this.annotation(DECISION);
  }

  annotation(key: string): string | undefined {
    const written = this.#annotations ? undefined : this.#glance?.annotations;
    if (written === undefined) return stringOf(this.annotations[key]);
    // Quotes in a value are escaped: only a key is followed so. Of a key that stands twice the last one counts.
    const quoted = `"${key}":`;
    const start = written.lastIndexOf(quoted);
    if (start < 0) return undefined;
    PLAIN_VALUE.lastIndex = start + quoted.length;
    const plain = PLAIN_VALUE.exec(written);
    return stringOf(plain ? plain[1] : this.annotations[key]);
  }

  mayHaveAnnotation(part: string): boolean {
    return !this.#glance || (this.#isAnnotated ? this.#glance.annotations : ALLOWED).includes(part);
  }

  /** False if all that the annotations say is that the request was allowed, and why, as of most requests. */
  get #isAnnotated(): boolean {
    this.#annotated ??= isAnnotated(this.#glance!.annotations);
    return this.#annotated;
  }

  get rank(): number {
    // Sources that have no stages (cloud exports) write what the request came to.
    return STAGE_RANK.get(this.stage) ?? 3;
  }

  get uri(): string | undefined {
    return stringOf(this.#glance?.requestURI ?? this.#fields.requestURI);
  }

  get status(): JsonObject {
    this.#status ??=
      objectOf(this.#glance ? this.#glancedStatus(this.#glance) : this.#fields.responseStatus) ?? {};
    return this.#status;
  }

  #glancedStatus({ code, status: [from, to] }: Glance): unknown {
    return code === undefined ? undefined : parseJson(this.record.bytes.toString('utf8', from, to));
  }

  get message(): string | undefined {
    return this.#glance?.codeAlone ? undefined : stringOf(this.status.message);
  }

  get time(): number | undefined {
    const claimed = this.#claimed();
    return claimed === undefined || claimed > this.#timeMax ? undefined : claimed;
  }

  #claimed(): number | undefined {
    if (this.#claimedTime === undefined) {
      this.#claimedTime =
        parseEventTime(this.#glanced.stageTimestamp) ?? parseEventTime(this.#received) ?? null;
    }
    return this.#claimedTime ?? undefined;
  }

  /** When the API server received the request, as written; audit.k8s.io/v1alpha1 and v1beta1 have it under other names. */
  get #received(): unknown {
    const { requestReceivedTimestamp } = this.#glanced;
    if (requestReceivedTimestamp !== undefined) return requestReceivedTimestamp;
    const { timestamp, metadata } = this.#fields;
    return timestamp ?? member(metadata, 'creationTimestamp');
  }

  get dryRun(): boolean {
    const named = dryRunInQuery(this.uri ?? '');
    if (!this.verb.startsWith('delete')) return named;
    // Of a delete the API server reads its options from the body, and from the query only if there is none (k8s.io/apiserver
    // endpoints/handlers/delete.go). Where bodies are not recorded a forged query must not hide a deletion.
    const body = this.requestObject;
    if (isObject(body)) return listOf(body.dryRun).includes('All');
    return named && this.#glanced.level !== 'Metadata';
  }

  get began(): number | undefined {
    const { time } = this;
    if (time === undefined) return undefined;
    return Math.min(parseEventTime(this.#received) ?? time, time);
  }

  get receivedSeconds(): number {
    const received = parseEventTime(this.#received) ?? this.time ?? 0;
    return Math.floor(received / SECOND);
  }

  get requestId(): string {
    this.#requestId ??= this.#identify();
    return this.#requestId;
  }

  #identify(): string {
    const received = this.#received;
    if (!this.auditId || typeof received !== 'string') return this.record.id;
    const { record, verb, uri = '', caller } = this;
    return contentId('request', record.cluster, this.auditId, received, verb, uri, caller.name);
  }

  get sameAs(): readonly string[] {
    const uid = this.mayHaveAnnotation(OBSERVER_ANNOTATION) && this.annotation(OBSERVER_ANNOTATION);
    return uid ? [reviewId(this.record.cluster, uid)] : NONE;
  }

  get limits(): readonly string[] {
    const limits = [...this.#untold];
    if (this.time === undefined)
      limits.push(this.#claimed() === undefined ? 'no-event-time' : 'time-disbelieved');
    if (this.mayHaveAnnotation(TRUNCATED) && this.annotation(TRUNCATED) === 'true') limits.push('truncated');
    if (this.record.redacted.length > 0) limits.push('credentials-redacted');
    if (lacksStatus(this)) limits.push('status-not-recorded');
    return limits;
  }

  get requestObject(): unknown {
    return this.field('requestObject');
  }

  get responseObject(): unknown {
    return this.field('responseObject');
  }

  get oldObject(): undefined {
    return undefined;
  }

  /** The body whose number stands in its place, decoded once. A number that stands for none is itself. */
  #body(index: number): unknown {
    const { bytes, bodies } = this.record;
    const [start, end] = [bodies[index], bodies[index + 1]];
    if (index % 2 !== 0 || start === undefined || end === undefined) return index;
    this.#bodies ??= new Map();
    if (!this.#bodies.has(index)) this.#bodies.set(index, parseObject(bytes.toString('utf8', start, end)));
    return this.#bodies.get(index);
  }
}

/** An HTTP status; some exports write it as text. */
function codeOf(value: unknown): number | undefined {
  const code = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value;
  return typeof code === 'number' && code >= 100 ? code : undefined;
}

/** Whether a request's address asks for a dry run. A name may be escaped; most queries hold neither. */
function dryRunInQuery(uri: string): boolean {
  return (uri.includes('dryRun') || uri.includes('%')) && parametersOf(uri).getAll('dryRun').includes('All');
}

/** The identity of a request that only a review tells of. */
export function reviewId(cluster: string, uid: string): string {
  return contentId('review', cluster, uid);
}

export function refOf(ref: JsonObject | undefined): ObjectRef {
  return {
    resource: stringOf(ref?.resource) ?? '',
    subresource: stringOf(ref?.subresource) ?? '',
    apiGroup: stringOf(ref?.apiGroup) ?? '',
    apiVersion: stringOf(ref?.apiVersion) ?? '',
    namespace: stringOf(ref?.namespace) ?? '',
    name: stringOf(ref?.name) ?? '',
  };
}
