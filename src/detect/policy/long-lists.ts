import { isObject } from '../decode/json.ts';
import { same } from './canonical.ts';

/** Names of a list that the kinds of policies look at, at least. */
export const NAMES_MAX = 100;

/** Nesting that is looked at; no policy of any engine lists names deeper. */
const DEPTH_MAX = 32;

/** Whether lists of more names differ anywhere in two versions of an object: what is behind the names that are looked at may be what matters. */
export function differInLongList(before: unknown, after: unknown, depth = 0): boolean {
  if (depth === DEPTH_MAX) return false;
  if (isLong(before) || isLong(after)) return !same(before, after);
  if (Array.isArray(before) && Array.isArray(after))
    return after.some((element, index) => differInLongList(before[index], element, depth + 1));
  if (!isObject(after)) return false;
  const known = isObject(before) ? before : {};
  return Object.keys(after).some((key) => differInLongList(known[key], after[key], depth + 1));
}

function isLong(value: unknown): boolean {
  return Array.isArray(value) && value.length > NAMES_MAX && value.some((name) => typeof name === 'string');
}
