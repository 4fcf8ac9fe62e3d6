import { compilePath, type EventFields } from './event.ts';
import { compilePattern, isAnything, mapText, type Pattern, parsePattern, plainText } from './pattern.ts';
import { invalid } from './refusal.ts';
import { fold, textOf } from './value.ts';

export type Predicate = (event: EventFields) => boolean;
export type ValueTest = (value: unknown) => boolean;

/** A text of a rule. Modifiers such as `base64offset` and `windash` make several texts of one, any of which may match. */
export interface TextTerm {
  readonly kind: 'text';
  /** As written. */
  readonly source: string;
  readonly alternatives: readonly Pattern[];
  /** True once a modifier has made bytes of the text: then each character stands for one byte. */
  readonly bytes: boolean;
}

/** One value of a detection item. */
export type Term =
  | TextTerm
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' };

/** How a field meets its values. Modifiers that Sigma calls type modifiers replace it. */
export interface Comparison {
  readonly name: string;
  /** Whether `cased` changes anything. */
  readonly caseMatters: boolean;
  compile(item: Item): Predicate;
}

/** A detection item, `field|modifier: values`, while modifiers are applied to it in turn. */
export interface Item {
  /** Field path; empty for a keyword search. */
  readonly field: string;
  readonly terms: readonly Term[];
  readonly comparison: Comparison;
  /** `and` with the modifier `all`. */
  readonly linking: 'or' | 'and';
  readonly cased: boolean;
  readonly negated: boolean;
  /** Names of the modifiers applied so far. */
  readonly applied: readonly string[];
}

/** A value as YAML gives it. */
export function termOf(value: unknown, index: number): Term {
  switch (typeof value) {
    case 'string':
      return { kind: 'text', source: value, alternatives: [parsePattern(value)], bytes: false };
    case 'number':
      return { kind: 'number', value };
    case 'boolean':
      return { kind: 'boolean', value };
    default:
      if (value === null) return { kind: 'null' };
      throw invalid(
        Array.isArray(value)
          ? 'Expected a value, found a list within a list.'
          : 'Expected a value, found a map. A field inside another is written as a path with dots, for example "objectRef.resource".',
        index,
      );
  }
}

/** The predicate of an item all of whose modifiers are applied. */
export function compileItem(item: Item): Predicate {
  const predicate = item.comparison.compile(item);
  return item.negated ? (event) => !predicate(event) : predicate;
}

/** Compares value by value: any value of the field may meet a term. `null` is met by a field that is absent, null or an empty list. */
export function byValue(item: Item, testOf: (terms: readonly Term[]) => ValueTest): Predicate {
  const valuesOf: (event: EventFields) => readonly unknown[] =
    item.field === '' ? (event) => [...event.keywords()] : compilePath(item.field);
  const nothing = (values: readonly unknown[]) => values.length === 0 || values.includes(null);
  const wantsNothing = item.terms.some((term) => term.kind === 'null');
  const others = item.terms.filter((term) => term.kind !== 'null');
  if (item.linking === 'or') {
    if (others.length === 0) return (event) => nothing(valuesOf(event));
    const test = testOf(others);
    if (!wantsNothing) return (event) => valuesOf(event).some(test);
    return (event) => {
      const values = valuesOf(event);
      return nothing(values) || values.some(test);
    };
  }
  const tests = others.map((term) => testOf([term]));
  return (event) => {
    const values = valuesOf(event);
    return (!wantsNothing || nothing(values)) && tests.every((test) => values.some(test));
  };
}

/** Any one of the terms, by value. */
export function anyOf(tests: readonly ValueTest[]): ValueTest {
  const [only] = tests;
  return tests.length === 1 && only ? only : (value) => tests.some((test) => test(value));
}

/** Without a type modifier: equal, but for case and wildcards (Sigma rules specification, "General"). */
export const EQUALS: Comparison = {
  name: 'equals',
  caseMatters: true,
  compile: (item) => byValue(item, (terms) => equalsAny(terms, item.cased)),
};

function equalsAny(terms: readonly Term[], cased: boolean): ValueTest {
  const tests: ValueTest[] = [];
  const patterns = terms.flatMap((term) => (term.kind === 'text' ? term.alternatives : []));
  if (patterns.length > 0) tests.push(textTest(patterns, cased));
  for (const term of terms) {
    if (term.kind === 'number') {
      const text = String(term.value);
      tests.push((value) => value === term.value || value === text);
    } else if (term.kind === 'boolean') {
      const text = String(term.value);
      tests.push((value) => value === term.value || (typeof value === 'string' && fold(value) === text));
    }
  }
  return anyOf(tests);
}

/** One test for many texts, so that a value is folded once and plain texts cost one look-up together. */
function textTest(patterns: readonly Pattern[], cased: boolean): ValueTest {
  if (patterns.some(isAnything)) return (value) => value !== null && value !== undefined;
  const folded = cased ? patterns : patterns.map((each) => mapText(each, fold));
  const exact = new Set(folded.map(plainText).filter((text) => text !== undefined));
  const globs = folded.filter((each) => plainText(each) === undefined).map(compilePattern);
  return (value) => {
    const raw = textOf(value);
    if (raw === undefined) return false;
    const text = cased ? raw : fold(raw);
    return exact.has(text) || globs.some((matches) => matches(text));
  };
}

/** The texts one of which a value of the field must equal for the item to match, folded; `undefined` if there is no such list. */
export function exactTexts(item: Item): ReadonlySet<string> | undefined {
  if (item.comparison !== EQUALS || item.negated) return undefined;
  const texts = new Set<string>();
  for (const term of item.terms) {
    for (const each of term.kind === 'text' ? term.alternatives : [undefined]) {
      const text = each && plainText(each);
      if (text === undefined) return undefined;
      texts.add(fold(text));
    }
  }
  return texts;
}
