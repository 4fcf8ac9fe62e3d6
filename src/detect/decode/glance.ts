import type { ReceivedRecord } from '../../record/record.ts';
import type { Caller } from '../caller/caller.ts';
import { callerAt } from '../caller/recurring.ts';
import { saysAll } from './object-ref.ts';
import type { ObjectRef } from './request.ts';

/** The beginning and the end of an audit event, read without parsing it: enough to tell of most events that no rule can concern them. */
export interface Glance {
  readonly level: string;
  /** Undefined if it holds characters of more than one byte: a client may choose it. */
  readonly auditID: string | undefined;
  readonly stage: string;
  /** Undefined if it holds characters of more than one byte. */
  readonly requestURI: string | undefined;
  readonly verb: string;
  readonly caller: Caller;
  readonly ref: ObjectRef;
  /** `objectRef` in JSON, not parsed yet; empty if there is none. */
  readonly objectRef: string;
  /** Undefined if there is no `responseStatus`. */
  readonly code: number | undefined;
  /** Where `responseStatus` begins and ends; it is not parsed yet. */
  readonly status: readonly [from: number, to: number];
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  /** The inside of `annotations` and all that follows, byte by byte; empty if there are none. */
  readonly annotations: string;
}

/** The API server writes its fields in the order of the Go type, always from here on (k8s.io/apiserver/pkg/apis/audit/v1, types.go). */
const BEGINNINGS = ['{"level":"', '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"'];

/** Addresses and groups of honest requests are shorter; what is longer is parsed. */
const GLANCED_BYTES_MAX = 16_384;

/**
 * Reads the fields that rules begin with. Quotes inside of strings are escaped, so that what is looked for can stand in no text that a client
 * chooses, and the order leaves no other place for it.
 * @returns undefined if the event is laid out in any other way, or trimmed, for example by an export: then it has to be parsed
 */
export function glanceAt({ bytes, bodies }: ReceivedRecord): Glance | undefined {
  const end = bodies[0] ?? bytes.length;
  if (end > GLANCED_BYTES_MAX) return undefined;
  const text = bytes.toString('latin1', 0, end);
  const beginning = BEGINNINGS.find((each) => text.startsWith(each));
  if (beginning === undefined) return undefined;
  const reader = new Reader(text, beginning.length);
  const level = reader.plain();
  reader.expect(',"auditID":"');
  const auditID = unescaped(reader.text());
  reader.expect(',"stage":"');
  const stage = reader.plain();
  reader.expect(',"requestURI":"');
  const requestURI = unescaped(reader.text());
  reader.expect(',"verb":"');
  const verb = reader.plain();
  reader.expect(',');
  const caller = reader.sound ? reader.caller() : undefined;
  const start = reader.at;
  const ref = reader.ref();
  const objectRef = text.slice(start + OBJECT_REF.length, reader.at);
  const hasStatus = reader.follows(',"responseStatus":');
  const from = reader.at;
  const code = hasStatus ? reader.code() : undefined;
  const status = [from, reader.at] as const;
  // A key of the user's extra attributes may look like one of the event's; then something else follows.
  if (bodies.length > 0 && !BODIES.some((next) => reader.follows(next))) return undefined;
  const last = bodies.length > 0 ? bytes.toString('latin1', bodies.at(-1)) : text.slice(reader.at);
  const ending = new Reader(last, 0);
  ending.expect(',"requestReceivedTimestamp":"');
  const requestReceivedTimestamp = ending.plain();
  ending.expect(',"stageTimestamp":"');
  const stageTimestamp = ending.plain();
  // Annotations are texts: another field can only follow them where an object ends, as in an event that was put together by hand.
  const annotations = ending.follows(',"annotations":{') ? last.slice(ending.at) : '';
  if (annotations === '' ? ending.rest !== '}' : annotations.includes('},"')) return undefined;
  if (!reader.sound || !ending.sound || !caller || !saysAll(ref, requestURI)) return undefined;
  return {
    level,
    auditID,
    stage,
    requestURI,
    verb,
    caller,
    ref,
    objectRef,
    code,
    status,
    requestReceivedTimestamp,
    stageTimestamp,
    annotations,
  };
}

/** What stands behind the fields that are read, if there are bodies. */
const BODIES = [',"requestObject":', ',"responseObject":'];

/** Escapes of JSON, and bytes of characters that are more than one. */
const ESCAPED = /[\\\u0080-\u00ff]/;

/** The code stands last in the status. */
const CODE = /"code":(\d{3})\}/g;

const OBJECT_REF = ',"objectRef":';

const ASCII = '[ !#-[\\]-~]*';

/** The fields of a reference, any of which may be absent. */
const REF = new RegExp(
  `\\{"resource":"(${ASCII})"${[
    'namespace',
    'name',
    'uid',
    'apiGroup',
    'apiVersion',
    'resourceVersion',
    'subresource',
  ]
    .map((field) => `(?:,"${field}":"(${ASCII})")?`)
    .join('')}\\}`,
  'y',
);

const NOTHING: ObjectRef = {
  resource: '',
  subresource: '',
  apiGroup: '',
  apiVersion: '',
  namespace: '',
  name: '',
};

/** The text of a string's inside; an `&` is written as an escape. */
function unescaped(text: string): string | undefined {
  if (!ESCAPED.test(text)) return text;
  if (/[\u0080-\u00ff]/.test(text)) return undefined;
  try {
    return JSON.parse(`"${text}"`);
  } catch {
    return undefined;
  }
}

/** Reads on through a text. Once it is not as expected, nothing that is read has a meaning. */
class Reader {
  readonly #text: string;
  at: number;
  sound = true;

  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
  }

  /** Whether this comes next; then it is passed. */
  follows(next: string): boolean {
    const follows = this.#text.startsWith(next, this.at);
    if (follows) this.at += next.length;
    return follows;
  }

  get rest(): string {
    return this.#text.slice(this.at);
  }

  expect(next: string): void {
    if (!this.follows(next)) this.sound = false;
  }

  /** The rest of a string, and past its closing quote. */
  text(): string {
    const from = this.at;
    const end = this.#text.indexOf('"', from);
    // An escaped quote, or a backslash before the closing one: rare, and not worth a loop.
    if (end < 0 || this.#text[end - 1] === '\\') this.sound = false;
    this.at = end + 1;
    return this.#text.slice(from, end);
  }

  /** The rest of a string in which nothing is escaped. */
  plain(): string {
    const text = this.text();
    if (ESCAPED.test(text)) this.sound = false;
    return text;
  }

  /** The fields that say who asked. */
  caller(): Caller | undefined {
    const known = callerAt(this.#text, this.at);
    if (known) this.at += known.part.length;
    return known?.caller;
  }

  /** What the request is about. */
  ref(): ObjectRef {
    if (!this.follows(OBJECT_REF)) return NOTHING;
    REF.lastIndex = this.at;
    const found = REF.exec(this.#text);
    if (!found) {
      this.sound = false;
      return NOTHING;
    }
    this.at = REF.lastIndex;
    const [, resource = '', namespace = '', name = '', , apiGroup = '', apiVersion = '', , subresource = ''] =
      found;
    return { resource, subresource, apiGroup, apiVersion, namespace, name };
  }

  /** Past the end of a status. */
  code(): number | undefined {
    CODE.lastIndex = this.at;
    const code = CODE.exec(this.#text)?.[1];
    if (code === undefined) this.sound = false;
    this.at = CODE.lastIndex;
    return Number(code);
  }
}
