import { isObject } from '../decode/json.ts';

/** Nesting that is looked at; no policy of any engine means anything by what lies deeper. */
const DEPTH_MAX = 64;

const SHOWN_CHARS_MAX = 80;

/**
 * The text of a JSON value in which neither the order of keys nor that of list elements shows: API servers, engines and GitOps tools write both
 * in any order, and no policy means anything by it.
 */
export function canonical(value: unknown, depth = 0): string {
  if (depth === DEPTH_MAX) return '…';
  if (Array.isArray(value)) {
    return `[${Array.from(value, (element) => canonical(element, depth + 1))
      .sort()
      .join()}]`;
  }
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  const members = Object.keys(value)
    .sort()
    .filter((key) => !isAbsent(value[key]))
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key], depth + 1)}`);
  return `{${members.join()}}`;
}

/** A field that is null is one that was not set. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

/** Whether two parts of an object say the same. What is empty says as much as what is absent. */
export function same(a: unknown, b: unknown): boolean {
  return isEmpty(a) ? isEmpty(b) : canonical(a) === canonical(b);
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) ? Object.values(value).every(isAbsent) : isAbsent(value) || value === '';
}

/** A value in a sentence. */
export function shown(value: unknown): string {
  if (isEmpty(value)) return 'none';
  const text = typeof value === 'string' ? value : canonical(value);
  return shortened(text, SHOWN_CHARS_MAX);
}

/** A text of at most as many characters, and a mark if that is not all of it. */
export function shortened(text: string, charsMax: number): string {
  return text.length > charsMax ? `${text.slice(0, charsMax).toWellFormed()}…` : text;
}

/** Texts listed in one reason. */
const LISTED_MAX = 3;

/** The first texts of a list, and how many more there are. */
export function listed(texts: readonly string[]): string {
  const more = texts.length - LISTED_MAX;
  return texts.slice(0, LISTED_MAX).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** Elements of the first list that the second one has not. */
export function without<Element>(list: readonly Element[], other: readonly Element[]): Element[] {
  const known = new Set(other.map((element) => canonical(element)));
  return list.filter((element) => !known.has(canonical(element)));
}
