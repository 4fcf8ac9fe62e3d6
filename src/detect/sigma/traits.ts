import { compileExists, compilePath, type EventFields, plainEvent } from './event.ts';
import { EQUALS, type Item, type Predicate } from './item.ts';
import { plainText } from './pattern.ts';
import { fold, textOf } from './value.ts';

/** Fields that most rules begin with and that have few values worth telling apart. */
export const TRAITS = [
  'verb',
  'stage',
  'objectRef.resource',
  'objectRef.subresource',
  'objectRef.apiGroup',
  'responseStatus.code',
  'user.username',
  'impersonatedUser',
  'gatewatch.outcome',
  'gatewatch.actor.kind',
  'gatewatch.redacted',
  'gatewatch.admission.failed_open',
] as const;

export type Trait = (typeof TRAITS)[number];

/** Any value that no rule names: rules that ask for a value by its name do not mean it. */
const OTHER: unique symbol = Symbol('other');

/** What an event would have to be decoded for. */
export const UNKNOWN: unique symbol = Symbol('unknown');

type Value = string | undefined | typeof OTHER | typeof UNKNOWN;

/** The traits of an event, in the order of `TRAITS`: a value that some rule names, another one, or none. */
export type Traits = readonly Value[];

/** Stand between values in a key, and for those that are none; they can be in no value that a rule names. */
const SEPARATOR = '\u0000';
const OTHER_KEY = '\u0001';
const UNKNOWN_KEY = '\u0002';

/** The same for all events that have the same traits. */
export function keyOf(traits: Traits): string {
  let key = '';
  for (const value of traits) key += wordOf(value) + SEPARATOR;
  return key;
}

function wordOf(value: Value): string {
  if (value === OTHER) return OTHER_KEY;
  return value === UNKNOWN ? UNKNOWN_KEY : (value ?? '');
}

const READERS = TRAITS.map((trait) => ({ trait, values: compilePath(trait), exists: compileExists(trait) }));

/** Which values of each trait rules ask for by name. */
export class TraitReader {
  readonly #named = TRAITS.map(() => new Set<string>());

  constructor(items: Iterable<Item>) {
    for (const item of items) {
      const trait = TRAITS.indexOf(item.field as Trait);
      if (trait >= 0) for (const text of namedIn(item)) this.#named[trait]!.add(text);
    }
  }

  /** @returns undefined for an event that has several values of a trait, or one that is no text: only a forged one has */
  read(event: EventFields): Traits | undefined {
    const traits: Value[] = [];
    for (const [index, { trait, values, exists }] of READERS.entries()) {
      if (event.trait) {
        const value = event.trait(trait);
        traits.push(value === UNKNOWN ? UNKNOWN : this.#known(index, textOf(value)));
        continue;
      }
      const found = values(event);
      const text = textOf(found[0]);
      if (text === undefined ? exists(event) : found.length > 1) return undefined;
      traits.push(this.#known(index, text));
    }
    return traits;
  }

  #known(index: number, text: string | undefined): Value {
    if (text === undefined) return undefined;
    const folded = fold(text);
    return this.#named[index]!.has(folded) ? folded : OTHER;
  }
}

function namedIn(item: Item): string[] {
  return item.terms.flatMap((term) => {
    if (term.kind === 'number') return String(term.value);
    if (term.kind !== 'text') return [];
    return term.alternatives.flatMap((each) => {
      const text = plainText(each);
      return text === undefined || text === '' ? [] : fold(text);
    });
  });
}

/** Comparisons that a value without its case answers as well as the value itself. */
const CASELESS = new Set(['equals', 'exists']);

/** Whether the item holds of all events with these traits; undefined if the traits do not tell. */
export function answerOf(traits: Traits, item: Item, test: Predicate): boolean | undefined {
  const trait = TRAITS.indexOf(item.field as Trait);
  if (item.comparison.name === 'fieldref') return undefined;
  if (trait < 0) return isInsideNothing(traits, item.field) ? test(NOTHING) : undefined;
  const value = traits[trait];
  if (value === undefined) return test(NOTHING);
  if (value === UNKNOWN) return undefined;
  if (value === OTHER) return isNamed(item) ? item.negated : undefined;
  return CASELESS.has(item.comparison.name) && !item.cased
    ? test(eventWith(TRAITS[trait]!, value))
    : undefined;
}

const NOTHING = plainEvent({});

/** Where there is nothing there is nothing inside. */
function isInsideNothing(traits: Traits, field: string): boolean {
  return TRAITS.some((trait, index) => traits[index] === undefined && field.startsWith(`${trait}.`));
}

/** True if the item asks for values by their names or for none, and for no others. */
function isNamed({ comparison, terms }: Item): boolean {
  return (
    comparison === EQUALS &&
    terms.every((term) => {
      if (term.kind !== 'text') return term.kind !== 'boolean';
      return term.alternatives.every((each) => (plainText(each) ?? '') !== '');
    })
  );
}

function eventWith(path: string, value: string): EventFields {
  const [root = '', ...inner] = path.split('.');
  return plainEvent({ [root]: inner.reduceRight<unknown>((nested, key) => ({ [key]: nested }), value) });
}
