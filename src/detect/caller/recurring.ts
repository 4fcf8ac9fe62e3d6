import { parseUntrusted } from '../../record/untrusted-json.ts';
import { isObject, type JsonObject } from '../decode/json.ts';
import { CALLER_FIELDS, Caller } from './caller.ts';

/** A caller, and the part of an event that describes it. */
interface Known {
  readonly part: string;
  readonly caller: Caller;
}

/** Callers remembered; a busy cluster has some hundreds. */
const CALLERS_MAX = 2000;

/** Longer ones are not remembered, so that memory is bounded; a service account in a pod takes some 700. */
const CALLER_CHARS_MAX = 2048;

const BEGINNING = '"user":{"username":"';
const ADDRESSES = ',"sourceIPs":[';
const USER_AGENT = ',"userAgent":"';

/** Characters that are not ASCII: of text read byte by byte, parts of one. */
const BEYOND_ASCII = /[\u0080-\u00ff]/;

/** By what describes them. */
const callers = new Map<string, Known>();

/** By the user's name the one who asked last: to compare is quicker than to look up what is long. */
const latest = new Map<string, Known>();

/**
 * The caller whom a part of an event describes: `"user":{…},…,"sourceIPs":[…],"userAgent":"…"`. It comes again byte by byte with all that one client
 * asks for, and what is worked out of it once holds for each of these events.
 * @param text the event, read byte by byte (latin1)
 * @param from where the part begins
 * @returns undefined for what is not these fields in JSON and ASCII
 */
export function callerAt(text: string, from: number): Known | undefined {
  if (!text.startsWith(BEGINNING, from)) return undefined;
  const start = from + BEGINNING.length;
  const name = text.slice(start, text.indexOf('"', start));
  const last = latest.get(name);
  if (last && text.slice(from, from + last.part.length) === last.part) return last;
  const part = partAt(text, from);
  const known = callers.get(part) ?? read(part);
  if (known?.caller.recurs) latest.set(name, known);
  return known;
}

function partAt(text: string, from: number): string {
  const addresses = text.indexOf(ADDRESSES, from);
  const end = text.indexOf(']', Math.max(addresses, from)) + 1;
  if (!text.startsWith(USER_AGENT, end)) return text.slice(from, end);
  return text.slice(from, text.indexOf('"', end + USER_AGENT.length) + 1);
}

function read(part: string): Known | undefined {
  const fields = BEYOND_ASCII.test(part) ? undefined : fieldsOf(part);
  if (!fields) return undefined;
  // Without a user agent it may be the beginning of another's.
  const recurs = part.length <= CALLER_CHARS_MAX && typeof fields.userAgent === 'string';
  const known = { part, caller: new Caller(fields, recurs) };
  if (recurs) {
    // Rare enough that to keep the order of use would cost more than to begin anew.
    if (callers.size === CALLERS_MAX) {
      callers.clear();
      latest.clear();
    }
    callers.set(part, known);
  }
  return known;
}

function fieldsOf(part: string): JsonObject | undefined {
  try {
    const fields = parseUntrusted(`{${part}}`);
    if (!isObject(fields) || !isObject(fields.user) || typeof fields.user.username !== 'string')
      return undefined;
    if (!Object.keys(fields).every((key) => CALLER_FIELDS.has(key))) return undefined;
    return fields.impersonatedUser === undefined || isObject(fields.impersonatedUser) ? fields : undefined;
  } catch {
    return undefined;
  }
}
