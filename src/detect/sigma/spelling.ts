import type { EventFields } from './event.ts';
import type { Item, Predicate } from './item.ts';
import type { Pattern } from './pattern.ts';
import { fold } from './value.ts';

/** What JSON writes as it is: ASCII without quotes and backslashes. */
const PLAIN = /^[ !#-[\]-~]+$/;

/** What JSON writes in one way and reads in another: `1.0` is 1, and `1e999` infinity. */
const OF_NUMBERS = /^[\d+.e-]*$|^-?[infty]+$/;

/**
 * A keyword search that first looks whether the event holds any of the keywords as it is written, so that the others need not be decoded: most events
 * hold none.
 * @param search the whole search
 */
export function lookingFirst({ terms }: Item, search: Predicate): Predicate {
  const spellings = terms.flatMap((term) =>
    term.kind === 'text' ? term.alternatives.map(spellingIn) : undefined,
  );
  if (!spellings.every((spelling) => spelling !== undefined)) return search;
  return (event: EventFields) => {
    const written = event.plainJson?.();
    if (written !== undefined && !spellings.some((spelling) => written.includes(spelling))) return false;
    return search(event);
  };
}

/** The longest text of a pattern, in lower case; undefined if JSON may write it in another way. */
function spellingIn(pattern: Pattern): string | undefined {
  const texts = pattern.flatMap((part) => (typeof part === 'string' ? fold(part) : []));
  const [longest] = texts.toSorted((a, b) => b.length - a.length);
  return longest !== undefined && PLAIN.test(longest) && !OF_NUMBERS.test(longest) ? longest : undefined;
}

/** Escapes by which JSON can write what it could write as it is. */
const ESCAPES = /\\[u/]/;

/** Those that Go's encoder always writes (encoding/json, HTMLEscape), an `&` between the parameters of an address above all. */
const HTML = /\\(?:\\|u0026|u003c|u003e)/g;
const UNESCAPED: Readonly<Record<string, string>> = { '\\u0026': '&', '\\u003c': '<', '\\u003e': '>' };

/** A text of JSON without case; undefined if escapes may hide what it says. */
export function plainJson(json: string): string | undefined {
  if (!ESCAPES.test(json)) return fold(json);
  const unescaped = json.replace(HTML, (found) => UNESCAPED[found] ?? found);
  return ESCAPES.test(unescaped) ? undefined : fold(unescaped);
}
