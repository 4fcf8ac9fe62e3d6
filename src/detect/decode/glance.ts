import type { ReceivedRecord } from '../../record/record.ts';
import type { Caller } from '../caller/caller.ts';
import { recurringCaller } from '../caller/recurring.ts';
import { isObject, type JsonObject } from './json.ts';
import { completedRef } from './object-ref.ts';

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
  readonly objectRef: JsonObject | undefined;
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
  const objectRef = reader.follows(',"objectRef":') ? parsed(reader.object()) : undefined;
  const hasStatus = reader.follows(',"responseStatus":');
  const from = reader.at;
  const code = hasStatus ? reader.code() : undefined;
  const status = [from, reader.at] as const;
  // A key of the user's extra attributes may look like one of the event's; then something else follows.
  if (bodies.length > 0 && !BODIES.some((next) => reader.follows(next))) return undefined;
  const last = bodies.length > 0 ? bytes.toString('latin1', bodies.at(-1)) : text.slice(reader.at);
  const times = TIMES.exec(last);
  if (!times || last.includes('},"')) return undefined;
  if (!reader.sound || !caller || objectRef === null) return undefined;
  if (completedRef(objectRef, requestURI) !== objectRef) return undefined;
  const [before, requestReceivedTimestamp = '', stageTimestamp = ''] = times;
  const annotations = last.slice(before.length);
  return {
    level,
    auditID,
    stage,
    requestURI,
    verb,
    caller,
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

/**
 * What stands behind those: the times, and annotations if there are any, which are texts, so that another field can only follow them where an
 * object ends, as in an event that was put together by hand.
 */
const TIMES =
  /^,"requestReceivedTimestamp":"([^"\\]*)","stageTimestamp":"([^"\\]*)"(?:\}$|,"annotations":\{)/;

/** Escapes of JSON, and bytes of characters that are more than one. */
const ESCAPED = /[\\\u0080-\u00ff]/;

/** The code stands last in the status. */
const CODE = /"code":(\d{3})\}/g;

/** @returns null for what is no object: a name in it may hold a brace */
function parsed(slice: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(slice);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

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

  /** The fields that say who asked, of which the addresses and the user agent are the last. */
  caller(): Caller | undefined {
    const from = this.at;
    const addresses = this.#text.indexOf(',"sourceIPs":[', from);
    this.at = this.#text.indexOf(']', Math.max(addresses, from)) + 1;
    if (addresses < 0) return undefined;
    if (this.follows(',"userAgent":"')) this.text();
    return recurringCaller(this.#text.slice(from, this.at));
  }

  /** The JSON of a flat object that begins here. */
  object(): string {
    const end = this.#text.indexOf('}', this.at) + 1;
    const slice = this.#text.slice(this.at, end);
    this.at = end;
    if (ESCAPED.test(slice)) this.sound = false;
    return slice;
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
