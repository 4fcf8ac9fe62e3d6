import type { Item } from '../item.ts';
import { invalid, Refusal } from '../refusal.ts';
import { suggestion } from '../suggest.ts';
import { ENCODING } from './encoding.ts';
import { FIELD_REFERENCE } from './fieldref.ts';
import { GENERIC } from './generic.ts';
import type { Modifier } from './modifier.ts';
import { NETWORK } from './network.ts';
import { NUMBER } from './number.ts';
import { REGEX } from './regex.ts';
import { TEXT } from './text.ts';
import { TIME } from './time.ts';

/** Every modifier that is evaluated, by name. */
export const MODIFIERS: ReadonlyMap<string, Modifier> = new Map(
  [...GENERIC, ...TEXT, ...ENCODING, ...REGEX, ...NUMBER, ...TIME, ...NETWORK, ...FIELD_REFERENCE].map(
    (modifier) => [modifier.name, modifier],
  ),
);

/** Modifiers of Sigma that are not evaluated, and why. */
export const UNSUPPORTED_MODIFIERS: ReadonlyMap<string, string> = new Map([
  ['expand', 'placeholders have no values here'],
]);

/** Applies the modifiers in the order written; throws a `Refusal` for a name or a combination that has no meaning. */
export function applyModifiers(item: Item, names: readonly string[]): Item {
  let current = item;
  for (const name of names) {
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

function find(name: string): Modifier {
  const modifier = MODIFIERS.get(name);
  if (modifier) return modifier;
  const why = UNSUPPORTED_MODIFIERS.get(name);
  if (why) throw new Refusal('RULE_UNSUPPORTED', `The modifier "${name}" is not evaluated: ${why}.`);
  throw invalid(`"${name}" is not a modifier of Sigma.${suggestion(name, MODIFIERS.keys())}`);
}
