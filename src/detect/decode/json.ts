/** Reading of JSON whose shape nobody vouches for: a value of another type than expected counts as absent. */
import { GatewatchError } from '../../errors.ts';
import { parseUntrusted } from '../../record/untrusted-json.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** @throws ITEM_NOT_JSON */
export function parseJson(text: string): unknown {
  try {
    return parseUntrusted(text);
  } catch (cause) {
    throw new GatewatchError('ITEM_NOT_JSON', `Not JSON: ${(cause as Error).message}.`, { cause });
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectOf(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

export function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The strings of a list, at most `max` of them. */
export function stringsOf(value: unknown, max = 100): readonly string[] {
  const strings: string[] = [];
  for (const element of listOf(value)) {
    if (strings.length === max) break;
    if (typeof element === 'string') strings.push(element);
  }
  return strings;
}

/** A list, or nothing if it is empty: a field that has no value is absent, so that rules can ask whether it exists. */
export function anyOf<Element>(list: readonly Element[]): readonly Element[] | undefined {
  return list.length > 0 ? list : undefined;
}

/** The last string of a list. */
export function lastStringOf(value: unknown): string | undefined {
  return listOf(value).findLast((element) => typeof element === 'string');
}

/** The own property of an object, never one of its prototype's. */
export function member(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Follows own properties from object to object. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const key of path) current = member(current, key);
  return current;
}
