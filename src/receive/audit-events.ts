import { isUtf8 } from 'node:buffer';
import { GatewatchError } from '../errors.ts';
import { partitionKey, type ReceivedRecord, recordId } from '../record/record.ts';
import { parseExactly } from './exact-json.ts';
import type { InputLimits, Origin, Parsed, Rejection } from './parsed.ts';
import { CredentialMarks, redact, redactPatches, type Subject, withoutBodies } from './redact.ts';
import { isScalar, JsonScanner, type Member, NotJson } from './scan.ts';

/**
 * Cuts an `audit.k8s.io/v1` EventList into records, each with its bytes as they stand in the body.
 *
 * @param where names the body in errors; '' for the body of a request
 * @throws BODY_NOT_JSON, BODY_NOT_EVENT_LIST, BATCH_TOO_MANY_ITEMS: then nothing of the body was taken
 */
export function parseEventList(body: Buffer, origin: Origin, limits: InputLimits, where = ''): Parsed {
  const scanner = new JsonScanner(body, limits.json_depth_max);
  let kind = '';
  let apiVersion = '';
  let slices: ItemSlicer | undefined;
  const place = (inner: string): string => (where === '' ? inner : `${where} ${inner}`);
  try {
    const start = scanner.skipSpace(0);
    if (body[start] !== 0x7b) {
      // Well-formed JSON of another kind deserves the better message.
      const end = scanner.skipValue(start);
      if (scanner.skipSpace(end) !== body.length || !isValue(body.subarray(start, end)))
        throw new NotJson(start);
      throw new GatewatchError('BODY_NOT_EVENT_LIST', 'The body is not a JSON object.', {
        where: place('body'),
      });
    }
    const visit = (member: Member): void => {
      const key = keyOf(body, member);
      if (key === 'kind') kind = text(body, member);
      else if (key === 'apiVersion') apiVersion = text(body, member);
    };
    // The items are nearly all of the body: they are cut where they are met, so that the body is gone through once.
    const takeItems = (member: Member): number | undefined => {
      if (keyOf(body, member) !== 'items') return undefined;
      slices = undefined;
      if (body[member.start] !== 0x5b) return undefined;
      const slicer = new ItemSlicer(body, scanner, origin, limits);
      slices = slicer;
      return scanner.elements(member.start, (from, index) => {
        if (index >= limits.batch_items_max) {
          throw new GatewatchError('BATCH_TOO_MANY_ITEMS', `More than ${limits.batch_items_max} items.`, {
            where: place('items'),
          });
        }
        return slicer.take(from, place(`items[${index}]`));
      });
    };
    const end = scanner.members(start, visit, takeItems);
    const rest = scanner.skipSpace(end);
    if (rest !== body.length) throw new NotJson(rest);
  } catch (error) {
    throw notJson(error, place);
  }
  if (kind !== 'EventList' || !apiVersion.startsWith('audit.k8s.io/') || !slices) {
    const found = `kind ${JSON.stringify(kind.slice(0, 64))}, apiVersion ${JSON.stringify(apiVersion.slice(0, 64))}`;
    throw new GatewatchError('BODY_NOT_EVENT_LIST', `Expected an EventList with items, found ${found}.`, {
      where: place('body'),
    });
  }
  return (slices as ItemSlicer).parsed;
}

/** Takes one audit event that stands alone (a line of an audit log file). Never throws: what is wrong with it is a rejection. */
export function parseEvent(line: Buffer, origin: Origin, limits: InputLimits, where: string): Parsed {
  const scanner = new JsonScanner(line, limits.json_depth_max);
  const slices = new ItemSlicer(line, scanner, origin, limits);
  try {
    const end = slices.take(scanner.skipSpace(0), where);
    const rest = scanner.skipSpace(end);
    if (rest !== line.length) throw new NotJson(rest);
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    const what = `Not JSON: ${error.message}.`;
    const bytes = withoutBodies(line).subarray(0, limits.item_bytes_max);
    return { records: [], rejected: [{ code: 'ITEM_NOT_JSON', where, what, bytes }] };
  }
  return slices.parsed;
}

function notJson(error: unknown, place: (inner: string) => string): unknown {
  if (!(error instanceof NotJson)) return error;
  return new GatewatchError('BODY_NOT_JSON', `The body is not JSON: byte ${error.at} does not fit.`, {
    where: place(`byte ${error.at}`),
  });
}

function text(body: Buffer, member: Member): string {
  return body[member.start] === 0x22 ? body.toString('utf8', member.start + 1, member.end - 1) : '';
}

const BACKSLASH = 0x5c;

/** A key as JSON.parse reads it. */
function keyOf(body: Buffer, { keyStart, keyEnd }: Member): string {
  if (!hasEscape(body, keyStart, keyEnd)) return body.toString('latin1', keyStart, keyEnd);
  try {
    return JSON.parse(body.toString('utf8', keyStart - 1, keyEnd + 1));
  } catch {
    return ''; // whoever decodes the item says so
  }
}

function hasEscape(body: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (body[at] === BACKSLASH) return true;
  return false;
}

/** Longest form of the longest key looked for, each of its characters written as an escape. */
const KEY_BYTES_MAX = 'responseObject'.length * '\\u0000'.length;

/** Turns the values of one buffer into records. */
class ItemSlicer {
  readonly parsed: { records: ReceivedRecord[]; rejected: Rejection[] } = { records: [], rejected: [] };
  readonly #body: Buffer;
  readonly #scanner: JsonScanner;
  readonly #origin: Origin;
  readonly #limits: InputLimits;
  readonly #wellEncoded: boolean;
  readonly #marks: CredentialMarks;
  #bodies: number[] = [];
  #escaped = false;
  #subjectStart = -1;
  #subjectEnd = -1;
  #itemStart = 0;

  constructor(body: Buffer, scanner: JsonScanner, origin: Origin, limits: InputLimits) {
    this.#body = body;
    this.#scanner = scanner;
    this.#origin = origin;
    this.#limits = limits;
    this.#wellEncoded = isUtf8(body);
    this.#marks = new CredentialMarks(body);
  }

  /** @returns the position after the item that starts at `start`. */
  take(start: number, where: string): number {
    const scanner = this.#scanner;
    const isObject = this.#body[start] === 0x7b;
    scanner.tooDeep = false;
    this.#bodies = [];
    this.#escaped = false;
    this.#subjectStart = -1;
    this.#itemStart = start;
    const end = isObject ? scanner.members(start, this.#visit) : scanner.skipValue(start);
    const bytes = this.#body.subarray(start, end);
    const { item_bytes_max, json_depth_max } = this.#limits;
    const reject = (code: Rejection['code'], what: string): void => {
      const kept = withoutBodies(bytes).subarray(0, item_bytes_max);
      this.parsed.rejected.push({ code, where, what, bytes: kept });
    };
    if (!isObject && !isValue(bytes)) reject('ITEM_NOT_JSON', `Not JSON: ${preview(bytes)}.`);
    else if (!isObject) reject('ITEM_NOT_OBJECT', `Expected an audit event, found ${preview(bytes)}.`);
    else if (bytes.length > item_bytes_max)
      reject('ITEM_TOO_LARGE', `${bytes.length} bytes, at most ${item_bytes_max}.`);
    else if (scanner.tooDeep) reject('ITEM_TOO_DEEP', `Nested deeper than ${json_depth_max} levels.`);
    else if (!this.#wellEncoded && !isUtf8(bytes)) reject('ITEM_NOT_UTF8', 'The bytes are not valid UTF-8.');
    else {
      const record = this.#record(bytes);
      if (record) this.parsed.records.push(record);
      else reject('ITEM_NOT_JSON', 'Not JSON, and it may hold a credential.');
    }
    return end;
  }

  /** Notes where the parts of an event stand that matter before it is decoded. The last of repeated keys wins, as in JSON.parse. */
  readonly #visit = (member: Member): void => {
    const length = member.keyEnd - member.keyStart;
    // By its length nearly every key is none of the three; one with escapes may be any.
    if (length !== 9 && length !== 13 && length !== 14) {
      if (length < 14 || length > KEY_BYTES_MAX) return;
      if (!hasEscape(this.#body, member.keyStart, member.keyEnd)) return;
    }
    const key = keyOf(this.#body, member);
    if (key === 'objectRef') {
      this.#subjectStart = member.start;
      this.#subjectEnd = member.end;
    } else if (key === 'requestObject' || key === 'responseObject') {
      if (length === key.length)
        this.#bodies.push(member.start - this.#itemStart, member.end - this.#itemStart);
      else this.#escaped = true;
    }
  };

  /** @returns undefined if the item may hold credentials and cannot be read, so that they cannot be cut out */
  #record(bytes: Buffer): ReceivedRecord | undefined {
    const { cluster, receivedMs } = this.#origin;
    const subject = this.#subject();
    const id = recordId(cluster, bytes);
    const key = partitionKey(cluster, namespaceOf(subject));
    const record = { kind: 'audit.event', cluster, key, id, receivedMs } as const;
    if (this.#marks.suspects(subject, this.#itemStart, this.#itemStart + bytes.length)) {
      const clean = withoutCredentials(bytes, subject);
      if (!clean) return undefined;
      if (clean.paths.length > 0) {
        // The replaced bytes have other positions; a decoder that is told of none parses the event whole.
        return { ...record, bytes: clean.bytes, bodies: [], redacted: clean.paths };
      }
    }
    // Decoders find a body's name by the bytes before it; where one is escaped they get no bodies and parse the event whole.
    return { ...record, bytes, bodies: this.#escaped ? [] : this.#bodies, redacted: [] };
  }

  #subject(): Subject & { namespace?: unknown; name?: unknown } {
    if (this.#subjectStart < 0 || this.#body[this.#subjectStart] !== 0x7b) return {};
    try {
      return JSON.parse(this.#body.toString('utf8', this.#subjectStart, this.#subjectEnd));
    } catch {
      return {}; // detect refuses the event with the reason; here it only lacks a namespace
    }
  }
}

function namespaceOf(subject: Subject & { namespace?: unknown; name?: unknown }): string {
  const namespace =
    subject.resource === 'namespaces' ? (subject.name ?? subject.namespace) : subject.namespace;
  return typeof namespace === 'string' ? namespace : '';
}

/** @returns undefined if the bytes cannot be parsed; no paths if nothing had to be replaced */
function withoutCredentials(bytes: Buffer, subject: Subject): { bytes: Buffer; paths: string[] } | undefined {
  try {
    const event = parseExactly(bytes.toString()) as Record<string, unknown>;
    const { requestObject, responseObject, annotations } = event;
    const paths = redact({ requestObject, responseObject }, subject);
    if (subject.resource === 'secrets') redactPatches(annotations, paths);
    return { bytes: paths.length === 0 ? bytes : Buffer.from(JSON.stringify(event)), paths };
  } catch {
    return undefined; // not JSON, or nested deeper than the stack (json_depth_max may be set that high)
  }
}

/** False for a word that is no JSON value; strings, arrays and objects are left to who decodes them. */
function isValue(bytes: Buffer): boolean {
  return bytes[0] === 0x22 || bytes[0] === 0x5b || bytes[0] === 0x7b || isScalar(bytes);
}

function preview(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('utf8', 0, 40));
}
