import type { PolicyEffect } from '../../record/signal.ts';
import { isObject, listOf, member, stringOf } from '../decode/json.ts';
import { same, shown, without } from './canonical.ts';
import { type Compare, changed } from './finding.ts';

/** An object, field by field. A field that has no comparison of its own changes something that nobody here can judge. */
export function fields(table: Readonly<Record<string, Compare>>): Compare {
  return (before, after, place) =>
    keysOf(before, after).flatMap((key) => {
      const [was, is] = [member(before, key), member(after, key)];
      if (same(was, is)) return [];
      return (Object.hasOwn(table, key) ? table[key]! : unjudged(key))(was, is, place);
    });
}

/** The keys that an object has before or after, in order. */
export function keysOf(before: unknown, after: unknown): string[] {
  return [...new Set([before, after].filter(isObject).flatMap((one) => Object.keys(one)))].sort();
}

/** A change that protects neither more nor less. */
export const harmless: Compare = () => [];

/** A change that only a person can judge. */
export function unjudged(noun: string, change = `${kebab(noun)}-changed`): Compare {
  return (before, after, place) => [
    { effect: 'unclear', change, reason: changed(place, noun, shown(before), shown(after)) },
  ];
}

/** `validationActions` to `validation-actions`. */
export function kebab(noun: string): string {
  return noun
    .replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 60);
}

/** Words for a change that takes protection away, and for its opposite. */
interface Words {
  readonly weakened: string;
  readonly strengthened: string;
}

/**
 * A field with a few values, from the weakest to the strongest.
 * @param missing the value that the API server or the engine takes where there is none
 */
export function ordered(
  noun: string,
  values: readonly (string | boolean)[],
  missing: string | boolean,
  words: Words,
): Compare {
  const rank = (value: unknown): number =>
    values.findIndex((one) => String(one).toLowerCase() === String(value).toLowerCase());
  return (before, after, place) => {
    if (same(before, after)) return [];
    // A former value that was never seen is taken for the strongest.
    const former = place.formerSeen ? missing : values.at(-1)!;
    const [was, is] = [scalar(before) ?? former, scalar(after) ?? missing];
    const [from, to] = [rank(was), rank(is)];
    if (from === to && from >= 0) return [];
    const effect: PolicyEffect = from < 0 || to < 0 ? 'unclear' : to < from ? 'weakened' : 'strengthened';
    const change = effect === 'unclear' ? `${kebab(noun)}-changed` : words[effect as keyof Words];
    return [{ effect, change, reason: changed(place, noun, shown(was), shown(is)) }];
  };
}

/** A switch. @param weak its position that protects less @param missing its position where it is not set */
export function flag(
  noun: string,
  weak: boolean,
  missing: boolean,
  weakened: string,
  strengthened: string,
): Compare {
  return ordered(noun, [weak, !weak], missing, { weakened, strengthened });
}

function scalar(value: unknown): string | boolean | undefined {
  return typeof value === 'boolean' ? value : stringOf(value);
}

/** Words for the elements of a list: what each is called, and what it means that one has come or gone. */
interface ListWords {
  readonly noun: string;
  readonly added: readonly [PolicyEffect, string];
  readonly removed: readonly [PolicyEffect, string];
}

/** A list whose elements are told apart by their `name`. */
export function namedList(words: ListWords, compare: Compare): Compare {
  return keyedList('name', words, compare);
}

/** A list whose elements are told apart by the value of a field; two of one value, or without any, by their order. */
export function keyedList(key: string, { noun, added, removed }: ListWords, compare: Compare): Compare {
  return (before, after, place) => {
    const [was, is] = [byKey(before, key), byKey(after, key)];
    return [...new Set([...was.keys(), ...is.keys()])].flatMap((name) => {
      const subject = `${place.subject}${noun} ${name}`;
      if (!is.has(name))
        return [{ effect: removed[0], change: removed[1], reason: `${subject} was removed` }];
      if (!was.has(name)) return [{ effect: added[0], change: added[1], reason: `${subject} was added` }];
      const [element, other] = [was.get(name), is.get(name)];
      return same(element, other) ? [] : compare(element, other, { ...place, subject: `${subject}: ` });
    });
  };
}

function byKey(list: unknown, key: string): ReadonlyMap<string, unknown> {
  const elements = new Map<string, unknown>();
  for (const [index, element] of listOf(list).entries()) {
    if (element === undefined) continue; // a place in a list of which only another one is known
    const name = stringOf(member(element, key));
    elements.set(name === undefined || elements.has(name) ? `#${index + 1}` : name, element);
  }
  return elements;
}

/** A list whose elements nothing tells apart: what stays is left out, one that was changed is compared, others have come or gone. */
export function plainList({ noun, added, removed }: ListWords, compare: Compare): Compare {
  return (before, after, place) => {
    const [was, is] = [without(listOf(before), listOf(after)), without(listOf(after), listOf(before))];
    if (was.length === 1 && is.length === 1) return compare(was[0], is[0], place);
    return [
      ...was.map(() => ({
        effect: removed[0],
        change: removed[1],
        reason: `${place.subject}${noun} was removed`,
      })),
      ...is.map(() => ({ effect: added[0], change: added[1], reason: `${place.subject}${noun} was added` })),
    ];
  };
}
