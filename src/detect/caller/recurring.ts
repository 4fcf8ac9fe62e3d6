import { isObject, type JsonObject } from '../decode/json.ts';
import { CALLER_FIELDS, Caller } from './caller.ts';

/** Callers remembered; a busy cluster has some hundreds. */
const CALLERS_MAX = 2000;

/** Longer ones are not remembered, so that memory is bounded; a service account in a pod takes some 700. */
const CALLER_CHARS_MAX = 2048;

const callers = new Map<string, Caller>();

/** Characters that are not ASCII: of text read byte by byte, parts of one. */
const BEYOND_ASCII = /[\u0080-\u00ff]/;

/**
 * The caller whom a part of an event describes, `"user":{…},…,"userAgent":"…"`. It comes again byte by byte with all that one client asks for, and
 * what is worked out of it once holds for each of these events.
 * @param part read byte by byte (latin1)
 * @returns undefined for what is not these fields in JSON and ASCII
 */
export function recurringCaller(part: string): Caller | undefined {
  const known = callers.get(part);
  if (known) return known;
  if (BEYOND_ASCII.test(part)) return undefined;
  const fields = fieldsOf(part);
  if (!fields) return undefined;
  const recurs = part.length <= CALLER_CHARS_MAX;
  const caller = new Caller(fields, recurs);
  if (recurs) {
    // Rare enough that keeping the order of use would cost more than beginning anew.
    if (callers.size === CALLERS_MAX) callers.clear();
    callers.set(part, caller);
  }
  return caller;
}

function fieldsOf(part: string): JsonObject | undefined {
  try {
    const fields: unknown = JSON.parse(`{${part}}`);
    if (
      !isObject(fields) ||
      !isObject(fields.user) ||
      !Object.keys(fields).every((key) => CALLER_FIELDS.has(key))
    )
      return undefined;
    return fields.impersonatedUser === undefined || isObject(fields.impersonatedUser) ? fields : undefined;
  } catch {
    return undefined;
  }
}
