import type { JsonObject } from '../decode/json.ts';

/** Of objects that are remembered, which do not change: to write them out again with each new version would cost more than all else. */
const chars = new WeakMap<JsonObject, number>();

/** Length of an object's JSON, characters. */
export function charsOf(object: JsonObject): number {
  const known = chars.get(object);
  if (known !== undefined) return known;
  const { length } = JSON.stringify(object);
  chars.set(object, length);
  return length;
}

/** Whether two objects have the same JSON: the API server writes the fields of an object in one order. */
export function sameJson(a: JsonObject | undefined, b: JsonObject | undefined): boolean {
  if (!a || !b) return a === b;
  return charsOf(a) === charsOf(b) && JSON.stringify(a) === JSON.stringify(b);
}

/** Whether an object that is remembered has this JSON. */
export function saysText(object: JsonObject, text: string): boolean {
  return charsOf(object) === text.length && JSON.stringify(object) === text;
}
