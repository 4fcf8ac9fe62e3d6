import type { Item } from '../item.ts';
import { invalid } from '../refusal.ts';
import { suggestion } from '../suggest.ts';
import { ENCODING } from './encoding.ts';
import { every } from './every.ts';
import { expand } from './expand.ts';
import { FIELD_REFERENCE } from './fieldref.ts';
import { GENERIC } from './generic.ts';
import type { Modifier } from './modifier.ts';
import { NETWORK } from './network.ts';
import { NUMBER } from './number.ts';
import { REGEX } from './regex.ts';
import { TEXT, windash } from './text.ts';
import { TIME } from './time.ts';

/** Every modifier that is evaluated, by name. */
export const MODIFIERS: ReadonlyMap<string, Modifier> = new Map(
  [
    ...GENERIC,
    ...TEXT,
    ...ENCODING,
    ...REGEX,
    ...NUMBER,
    ...TIME,
    ...NETWORK,
    ...FIELD_REFERENCE,
    expand,
    every,
  ].map((modifier) => [modifier.name, modifier]),
);

/** Modifiers that change the very text in which placeholders stand. */
const HIDING_PLACEHOLDERS = new Set([windash, ...ENCODING].map(({ name }) => name));

/** Applies the modifiers in the order written; throws a `Refusal` for a name or a combination that has no meaning. */
export function applyModifiers(item: Item, names: readonly string[]): Item {
  let current = item;
  for (const name of expandFirst(names)) {
    const modifier = find(name);
    if (current.applied.includes(name)) throw invalid(`The modifier "${name}" stands twice. Leave one out.`);
    if (current.field === '' && !modifier.forKeywords) {
      throw invalid(`The modifier "${name}" needs a field, found a keyword search.`);
    }
    const next = modifier.apply(current);
    current = { ...next, applied: [...current.applied, name] };
  }
  if (current.cased && !current.comparison.caseMatters) {
    throw invalid(`The modifier "cased" has no meaning with "${current.comparison.name}". Leave it out.`);
  }
  if (current.negated && current.comparison.name === 'exists') {
    throw invalid('The modifier "neq" has no meaning with "exists". Write the other truth value.');
  }
  return current;
}

/** Placeholders get their values before anything else is done with the text; behind most modifiers that makes no difference. */
function expandFirst(names: readonly string[]): readonly string[] {
  const place = names.indexOf(expand.name);
  if (place <= 0) return names;
  const hiding = names.slice(0, place).find((name) => HIDING_PLACEHOLDERS.has(name));
  if (hiding !== undefined) {
    throw invalid(
      `The modifier "expand" finds no placeholders behind "${hiding}". Write it before that one.`,
    );
  }
  return [expand.name, ...names.toSpliced(place, 1)];
}

function find(name: string): Modifier {
  const modifier = MODIFIERS.get(name);
  if (modifier) return modifier;
  throw invalid(`"${name}" is not a modifier of Sigma.${suggestion(name, MODIFIERS.keys())}`);
}
