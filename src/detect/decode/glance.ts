import type { ReceivedRecord } from '../../record/record.ts';
import type { Caller } from '../caller/caller.ts';
import { callerAt } from '../caller/recurring.ts';
import type { JsonObject } from './json.ts';
import { saysAll } from './object-ref.ts';
import type { ObjectRef } from './request.ts';

/** The beginning and the end of an audit event, read without parsing it: enough to tell of most events that no rule can concern them. */
export interface Glance {
  readonly level: string;
  /** As written: a client may choose it, so that it may have to be `unescaped`. */
  readonly auditID: string;
  readonly stage: string;
  /** Undefined if it holds an escape that JSON does not have. */
  readonly requestURI: string | undefined;
  readonly verb: string;
  readonly caller: Caller;
  readonly ref: ObjectRef;
  /** Values of `REF_FIELDS` as they stand in `objectRef`, for `objectRefOf`; absent if there is none. */
  readonly objectRef: readonly (string | undefined)[] | undefined;
  /** Undefined if there is no `responseStatus`. */
  readonly code: number | undefined;
  /** Whether `responseStatus` says no more, as that of most requests that succeed. */
  readonly codeAlone: boolean;
  /** Where `responseStatus` begins and ends; it is not parsed yet. */
  readonly status: readonly [from: number, to: number];
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  /** The inside of `annotations` and all that follows, byte by byte; empty if there are none. */
  readonly annotations: string;
}

/** Addresses and groups of honest requests are shorter; what is longer is parsed. */
const GLANCED_BYTES_MAX = 16_384;

/** The inside of a string in which nothing is escaped. */
const PLAIN = '[ !#-[\\]-~]*';

/** The inside of any string in ASCII; what is beyond it cannot be told byte by byte. */
const ANY = `${PLAIN}(?:\\\\[ -~]${PLAIN})*`;

/** The API server writes its fields in the order of the Go type (k8s.io/apiserver/pkg/apis/audit/v1, types.go), lines of a log file with their kind. */
const BEGINNING = new RegExp(
  `\\{(?:"kind":"Event","apiVersion":"audit\\.k8s\\.io/v1",)?"level":"(${PLAIN})","auditID":"(${ANY})","stage":"(${PLAIN})","requestURI":"(${ANY})","verb":"(${PLAIN})",`,
  'y',
);

/** The fields of `objectRef`, in their order; all but the first may be absent. */
const REF_FIELDS = [
  'resource',
  'namespace',
  'name',
  'uid',
  'apiGroup',
  'apiVersion',
  'resourceVersion',
  'subresource',
] as const;

const [FIRST, ...OTHERS] = REF_FIELDS.map((field) => `"${field}":"(${PLAIN})"`);
const REF_KEY = ',"objectRef":';
const REF = `(${REF_KEY}\\{${FIRST}${OTHERS.map((field) => `(?:,${field})?`).join('')}\\})`;

/** A status that says no more than its code, as that of most requests that succeed, or where another one begins. */
const STATUS_KEY = ',"responseStatus":';
const STATUS = `(${STATUS_KEY}(?:\\{"metadata":\\{\\},"code":(\\d{3})\\})?)`;

/** The code stands last in the status. */
const CODE = /"code":(\d{3})\}/g;

/**
 * What stands behind the fields that are read, and behind bodies. Annotations are texts: another field can only follow them where an object ends, as in an
 * event that was put together by hand.
 */
const TIMES = `,"requestReceivedTimestamp":"(${PLAIN})","stageTimestamp":"(${PLAIN})"(?:\\}$|,"annotations":\\{)`;
const ENDING = new RegExp(TIMES, 'y');

/** What stands behind the caller; the times only of a status that says no more, and where there are no bodies. */
const MIDDLE = new RegExp(`${REF}?${STATUS}?(?:${TIMES})?`, 'y');
const [REF_AT, FIELDS_AT, STATUS_AT, CODE_AT, RECEIVED_AT] = [1, 2, 10, 11, 12];

/** What stands before bodies, if there are any. */
const REQUEST_KEY = ',"requestObject":';
const RESPONSE_KEY = ',"responseObject":';

/**
 * Reads the fields that rules begin with. Quotes inside of strings are escaped, so that what is looked for can stand in no text that a client
 * chooses, and the order leaves no other place for it.
 * @returns undefined if the event is laid out in any other way, or trimmed, for example by an export: then it has to be parsed
 */
export function glanceAt({ bytes, bodies }: ReceivedRecord): Glance | undefined {
  const end = bodies[0] ?? bytes.length;
  if (end > GLANCED_BYTES_MAX) return undefined;
  const text = bytes.toString('latin1', 0, end);
  const beginning = matchAt(BEGINNING, text, 0);
  if (!beginning) return undefined;
  const known = callerAt(text, BEGINNING.lastIndex);
  if (!known) return undefined;
  let at = BEGINNING.lastIndex + known.part.length;
  const middle = matchAt(MIDDLE, text, at)!;
  const refText = middle[REF_AT] ?? '';
  if (refText === '' && text.startsWith(REF_KEY, at)) return undefined;
  const requestURI = unescaped(beginning[4]!);
  const ref = refText === '' ? NOTHING : refOf(middle);
  if (!saysAll(ref, requestURI)) return undefined;
  at += refText.length;
  const status = middle[STATUS_AT] ?? '';
  const from = at + (status === '' ? 0 : STATUS_KEY.length);
  at += status.length;
  let code = middle[CODE_AT];
  const codeAlone = code !== undefined;
  if (status !== '' && !codeAlone) {
    code = matchAt(CODE, text, at)?.[1];
    if (code === undefined) return undefined;
    at = CODE.lastIndex;
  }
  // A key of the user's extra attributes may look like one of the event's; then something else follows.
  if (bodies.length > 0 && !text.startsWith(REQUEST_KEY, at) && !text.startsWith(RESPONSE_KEY, at))
    return undefined;
  // Nor is the key between them written in another way.
  if (bodies.length > 2 && bodies[2]! - bodies[1]! > RESPONSE_KEY.length) return undefined;
  const last = bodies.length > 0 ? bytes.toString('latin1', bodies.at(-1)) : text;
  const isTold = middle[RECEIVED_AT] !== undefined;
  const ending = isTold ? middle : matchAt(ENDING, last, bodies.length > 0 ? 0 : at);
  if (!ending) return undefined;
  const annotations = last.slice((isTold ? MIDDLE : ENDING).lastIndex);
  if (annotations.includes('},"')) return undefined;
  return {
    level: beginning[1]!,
    auditID: beginning[2]!,
    stage: beginning[3]!,
    requestURI,
    verb: beginning[5]!,
    caller: known.caller,
    ref,
    objectRef: refText === '' ? undefined : middle,
    code: code === undefined ? undefined : Number(code),
    codeAlone,
    status: [from, at],
    requestReceivedTimestamp: ending.at(-2)!,
    stageTimestamp: ending.at(-1)!,
    annotations,
  };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

const NOTHING: ObjectRef = {
  resource: '',
  subresource: '',
  apiGroup: '',
  apiVersion: '',
  namespace: '',
  name: '',
};

function refOf(middle: RegExpExecArray): ObjectRef {
  const value = (field: number) => middle[FIELDS_AT + field] ?? '';
  return {
    resource: value(0),
    subresource: value(7),
    apiGroup: value(4),
    apiVersion: value(5),
    namespace: value(1),
    name: value(2),
  };
}

/** `objectRef` as the event has it. */
export function objectRefOf({ objectRef }: Glance): JsonObject | undefined {
  if (!objectRef) return undefined;
  const ref: Record<string, string> = {};
  for (const [index, field] of REF_FIELDS.entries()) {
    const value = objectRef[FIELDS_AT + index];
    if (value !== undefined) ref[field] = value;
  }
  return ref;
}

/** The text of a string's inside; an `&` is written as an escape. Undefined for escapes that JSON does not have. */
export function unescaped(text: string): string | undefined {
  if (!text.includes('\\')) return text;
  // Nearly always it is only the `&` between parameters.
  const plain = text.replaceAll('\\u0026', '&');
  if (!plain.includes('\\')) return plain;
  try {
    return JSON.parse(`"${text}"`);
  } catch {
    return undefined;
  }
}
