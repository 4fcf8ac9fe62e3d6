import { GatewatchError } from '../../errors.ts';
import { OBSERVER_WEBHOOK } from '../../record/observer.ts';
import { contentId, type ReceivedRecord } from '../../record/record.ts';
import { parseEventTime } from '../../record/time.ts';
import { textsOf } from '../sigma/event.ts';
import {
  isObject,
  type JsonObject,
  lastStringOf,
  listOf,
  member,
  objectOf,
  stringOf,
  stringsOf,
} from './json.ts';
import type { ObjectRef, Request, Requester } from './request.ts';

/** Annotation in which the observing webhook's answer leaves its uid; the API server puts the webhook's name before the key. */
const OBSERVER_ANNOTATION = `${OBSERVER_WEBHOOK}/uid`;

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
 * Decodes an audit event. Its bodies, which are most of its bytes, stay unparsed until a rule asks for them.
 * @param timeMax the latest event time to believe
 * @throws ITEM_NOT_JSON, ITEM_NOT_AN_EVENT
 */
export function decodeAuditEvent(record: ReceivedRecord, timeMax: number): Request {
  const fields = parse(headOf(record));
  if (!isObject(fields)) throw notAnEvent('the whole item', 'an object');
  for (const name of TEXT_FIELDS) {
    const value = member(fields, name);
    if (value !== undefined && value !== null && typeof value !== 'string')
      throw notAnEvent(name, 'a string');
  }
  for (const name of OBJECT_FIELDS) {
    const value = member(fields, name);
    if (value !== undefined && value !== null && !isObject(value)) throw notAnEvent(name, 'an object');
  }
  if (!fields.verb && !fields.requestURI && !fields.objectRef) {
    throw new GatewatchError('ITEM_NOT_AN_EVENT', 'It has neither verb, requestURI nor objectRef.', {
      where: 'verb',
    });
  }
  return new AuditEvent(record, fields, timeMax);
}

function notAnEvent(field: string, expected: string): GatewatchError {
  return new GatewatchError('ITEM_NOT_AN_EVENT', `Field ${field} is not ${expected}.`, { where: field });
}

/** The event's JSON with the number of each body in its place. */
function headOf({ bytes, bodies }: ReceivedRecord): string {
  if (bodies.length === 0) return bytes.toString();
  let text = '';
  let from = 0;
  for (let index = 0; index < bodies.length; index += 2) {
    text += bytes.toString('utf8', from, bodies[index]) + index;
    from = bodies[index + 1]!;
  }
  return text + bytes.toString('utf8', from);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new GatewatchError('ITEM_NOT_JSON', `Not JSON: ${(error as Error).message}.`, { cause: error });
  }
}

class AuditEvent implements Request {
  readonly record: ReceivedRecord;
  readonly source = 'audit';
  readonly #fields: JsonObject;
  readonly #bodies = new Map<number, unknown>();
  #requestId: string | undefined;
  readonly ref: ObjectRef;
  readonly user: Requester;
  readonly verb: string;
  readonly #timeMax: number;
  #claimedTime: number | null | undefined;
  readonly annotations: JsonObject;
  readonly code: number | undefined;

  constructor(record: ReceivedRecord, fields: JsonObject, timeMax: number) {
    this.record = record;
    this.#fields = fields;
    this.verb = stringOf(fields.verb) ?? '';
    this.annotations = objectOf(fields.annotations) ?? {};
    this.ref = refOf(objectOf(fields.objectRef));
    this.user = requesterOf(objectOf(fields.user), objectOf(fields.impersonatedUser));
    const code = member(fields.responseStatus, 'code');
    this.code = typeof code === 'number' && code >= 100 ? code : undefined;
    this.#timeMax = timeMax;
  }

  field(root: string): unknown {
    const value = member(this.#fields, root);
    const isBody = root === 'requestObject' || root === 'responseObject';
    return isBody && typeof value === 'number' ? this.#body(value) : value;
  }

  keywords(): Iterable<string> {
    return textsOf(parse(this.record.bytes.toString()));
  }

  get auditId(): string | undefined {
    return stringOf(this.#fields.auditID);
  }

  get stage(): string {
    return stringOf(this.#fields.stage) ?? 'unknown';
  }

  get rank(): number {
    // Sources that have no stages (cloud exports) write what the request came to.
    return STAGE_RANK.get(this.stage) ?? 3;
  }

  get uri(): string | undefined {
    return stringOf(this.#fields.requestURI);
  }

  get sourceIp(): string | undefined {
    return lastStringOf(this.#fields.sourceIPs);
  }

  get userAgent(): string | undefined {
    return stringOf(this.#fields.userAgent);
  }

  get message(): string | undefined {
    return stringOf(member(this.#fields.responseStatus, 'message'));
  }

  get time(): number | undefined {
    const claimed = this.#claimed();
    return claimed === undefined || claimed > this.#timeMax ? undefined : claimed;
  }

  #claimed(): number | undefined {
    if (this.#claimedTime === undefined) {
      const { stageTimestamp, requestReceivedTimestamp } = this.#fields;
      this.#claimedTime = parseEventTime(stageTimestamp) ?? parseEventTime(requestReceivedTimestamp) ?? null;
    }
    return this.#claimedTime ?? undefined;
  }

  get dryRun(): boolean {
    const named = dryRunInQuery(this.uri ?? '');
    if (!this.verb.startsWith('delete')) return named;
    // Of a delete the API server reads its options from the body, and from the query only if there is none (k8s.io/apiserver
    // endpoints/handlers/delete.go). Where bodies are not recorded a forged query must not hide a deletion.
    const body = this.requestObject;
    if (isObject(body)) return listOf(body.dryRun).includes('All');
    return named && this.#fields.level !== 'Metadata';
  }

  get began(): number | undefined {
    const { time } = this;
    if (time === undefined) return undefined;
    return Math.min(parseEventTime(this.#fields.requestReceivedTimestamp) ?? time, time);
  }

  get receivedSeconds(): number {
    const received = parseEventTime(this.#fields.requestReceivedTimestamp) ?? this.time ?? 0;
    return Math.floor(received / 1_000_000);
  }

  get requestId(): string {
    this.#requestId ??= this.#identify();
    return this.#requestId;
  }

  #identify(): string {
    const received = this.#fields.requestReceivedTimestamp;
    if (!this.auditId || typeof received !== 'string') return this.record.id;
    const { record, verb, uri = '', user } = this;
    return contentId('request', record.cluster, this.auditId, received, verb, uri, user.name);
  }

  get sameAs(): readonly string[] {
    const uid = this.annotations[OBSERVER_ANNOTATION];
    return typeof uid === 'string' ? [reviewId(this.record.cluster, uid)] : [];
  }

  get limits(): readonly string[] {
    const limits: string[] = [];
    if (this.time === undefined)
      limits.push(this.#claimed() === undefined ? 'no-event-time' : 'time-disbelieved');
    if (this.annotations['audit.k8s.io/truncated'] === 'true') limits.push('truncated');
    if (this.record.redacted.length > 0) limits.push('credentials-redacted');
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
    if (!this.#bodies.has(index)) this.#bodies.set(index, parse(bytes.toString('utf8', start, end)));
    return this.#bodies.get(index);
  }
}

/** Whether a request's address asks for a dry run. */
function dryRunInQuery(uri: string): boolean {
  const start = uri.indexOf('?');
  if (start < 0) return false;
  const query = uri.slice(start + 1);
  // A name may be escaped; most queries hold neither.
  return /dryRun|%/.test(query) && new URLSearchParams(query).getAll('dryRun').includes('All');
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

export function requesterOf(user: JsonObject | undefined, impersonated?: JsonObject | undefined): Requester {
  const actingAs = stringOf(impersonated?.username);
  return {
    name: stringOf(user?.username) ?? '',
    groups: stringsOf(user?.groups, 20),
    ...(actingAs === undefined ? {} : { actingAs }),
  };
}
