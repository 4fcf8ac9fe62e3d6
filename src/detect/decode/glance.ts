import type { ReceivedRecord } from '../../record/record.ts';
import { isObject, type JsonObject } from './json.ts';
import { completedRef } from './object-ref.ts';

/** The beginning of an audit event, read without parsing it: enough to tell of most events that no rule can concern them. */
export interface Glance {
  /** Undefined if it holds characters of more than one byte: a client may choose it. */
  readonly auditID: string | undefined;
  readonly stage: string;
  /** Undefined if it holds characters of more than one byte. */
  readonly requestURI: string | undefined;
  readonly verb: string;
  readonly username: string;
  readonly impersonates: boolean;
  /** JSON, not yet parsed. */
  readonly sourceIPs: string;
  /** Undefined if there is none. */
  readonly userAgent: string | undefined;
  readonly objectRef: JsonObject | undefined;
  /** Undefined if there is no `responseStatus`. */
  readonly code: number | undefined;
  /** Where the times and annotations begin, which stand last. */
  readonly rest: number;
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
  reader.text(); // level
  reader.expect(',"auditID":"');
  const auditID = reader.text();
  reader.expect(',"stage":"');
  const stage = reader.plain();
  reader.expect(',"requestURI":"');
  const requestURI = unescaped(reader.text());
  reader.expect(',"verb":"');
  const verb = reader.plain();
  reader.expect(',"user":{"username":"');
  const username = reader.plain();
  const passed = reader.at;
  const impersonates = reader.passes(',"impersonatedUser":', ',"sourceIPs":[');
  // Written by hand: of a name that stands twice the last one counts.
  if (text.slice(passed, reader.at).includes(',"username":')) return undefined;
  const sourceIPs = reader.slice('[', ']');
  const userAgent = reader.follows(',"userAgent":"') ? reader.plain() : undefined;
  const objectRef = reader.follows(',"objectRef":') ? parsed(reader.slice('{', '}')) : undefined;
  const code = reader.follows(',"responseStatus":{') ? reader.code() : undefined;
  // A key of the user's extra attributes may look like one of the event's; then something else follows.
  const rest = bodies.at(-1) ?? reader.at;
  if (bodies.length > 0 && !BODIES.some((next) => reader.follows(next))) return undefined;
  if (!endsAsWritten(bytes.toString('latin1', rest))) return undefined;
  if (!reader.sound || objectRef === null) return undefined;
  if (completedRef(objectRef, requestURI) !== objectRef) return undefined;
  return {
    auditID: unescaped(auditID),
    stage,
    requestURI,
    verb,
    username,
    impersonates,
    sourceIPs,
    userAgent,
    objectRef,
    code,
    rest,
  };
}

/** What stands behind the fields that are read, if there are bodies. */
const BODIES = [',"requestObject":', ',"responseObject":'];

/** What stands behind those: the times, and annotations if there are any. */
const TIMES = /^,"requestReceivedTimestamp":"[^"\\]*","stageTimestamp":"[^"\\]*"(?:\}$|,"annotations":\{)/;

/** False where another field may follow, as in an event that was put together by hand. Values of annotations are texts, in which quotes are escaped. */
function endsAsWritten(rest: string): boolean {
  return TIMES.test(rest) && !rest.includes('},"');
}

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
    const end = this.#text.indexOf('"', this.at);
    // An escaped quote, or a backslash before the closing one: rare, and not worth a loop.
    if (end < 0 || this.#text[end - 1] === '\\') this.sound = false;
    const text = this.#text.slice(this.at, end);
    this.at = end + 1;
    return text;
  }

  /** The rest of a string in which nothing is escaped. */
  plain(): string {
    const text = this.text();
    if (ESCAPED.test(text)) this.sound = false;
    return text;
  }

  /** Goes on to the last character of `end`, and tells whether `key` stands before it. */
  passes(key: string, end: string): boolean {
    const found = this.#text.indexOf(end, this.at);
    if (found < 0) {
      this.sound = false;
      return false;
    }
    const passed = this.#text.indexOf(key, this.at);
    this.at = found + end.length - 1;
    return passed >= 0 && passed < found;
  }

  /** The JSON of a list of texts or of a flat object that begins here. */
  slice(open: string, close: string): string {
    const end = this.#text.indexOf(close, this.at) + 1;
    const slice = this.#text.slice(this.at, end);
    this.at = end;
    if (!slice.startsWith(open) || ESCAPED.test(slice)) this.sound = false;
    return slice;
  }

  code(): number | undefined {
    CODE.lastIndex = this.at;
    const code = CODE.exec(this.#text)?.[1];
    if (code === undefined) this.sound = false;
    this.at = CODE.lastIndex;
    return Number(code);
  }
}
