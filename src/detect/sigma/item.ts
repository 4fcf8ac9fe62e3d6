import { compilePath, type EventFields } from './event.ts';
import type { Lists } from './model.ts';
import { compilePattern, isAnything, mapText, type Pattern, parsePattern, plainText } from './pattern.ts';
import { invalid } from './refusal.ts';
import { lookingFirst } from './spelling.ts';
import { fold, textOf } from './value.ts';

export type Predicate = (event: EventFields) => boolean;
export type ValueTest = (value: unknown) => boolean;

/** A text of a rule. Modifiers such as `base64offset` and `windash` make several texts of one, any of which may match. */
export interface TextTerm {
  readonly kind: 'text';
  /** As written. */
  readonly source: string;
  /** What is written, placeholders put in: for comparisons that do not read wildcards. */
  readonly texts: readonly string[];
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
  /** Whether all values of the field have to meet the terms, and not any one. */
  readonly every: boolean;
  /** Names of the modifiers applied so far. */
  readonly applied: readonly string[];
  /** Where placeholders get their values. */
  readonly lists: Lists;
  /** Lists that a placeholder names and that are empty. */
  readonly emptyLists: readonly string[];
}

/** A value as YAML gives it. */
export function termOf(value: unknown, index: number): Term {
  switch (typeof value) {
    case 'string':
      return {
        kind: 'text',
        source: value,
        texts: [value],
        alternatives: [parsePattern(value)],
        bytes: false,
      };
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

type Meets = (values: readonly unknown[], test: ValueTest) => boolean;

const some: Meets = (values, test) => values.some(test);
const each: Meets = (values, test) => values.length > 0 && values.every(test);

/** Compares value by value: any value of the field may meet a term, or with `every` each has to. `null` is met by a field that is absent, null or an empty list. */
export function byValue(item: Item, newTest: (terms: readonly Term[]) => ValueTest): Predicate {
  const testOf = RECURRING.has(item.field)
    ? (terms: readonly Term[]) => remembering(newTest(terms))
    : newTest;
  const valuesOf: (event: EventFields) => readonly unknown[] =
    item.field === '' ? (event) => event.keywords() : compilePath(item.field);
  const nothing = (values: readonly unknown[]) => values.length === 0 || values.includes(null);
  const meets = item.every ? each : some;
  const wantsNothing = item.terms.some((term) => term.kind === 'null');
  const others = item.terms.filter((term) => term.kind !== 'null');
  if (item.linking === 'or') {
    if (others.length === 0) return (event) => nothing(valuesOf(event));
    const test = testOf(others);
    if (!wantsNothing) return (event) => meets(valuesOf(event), test);
    return (event) => {
      const values = valuesOf(event);
      return nothing(values) || meets(values, test);
    };
  }
  const tests = others.map((term) => testOf([term]));
  return (event) => {
    const values = valuesOf(event);
    return (!wantsNothing || nothing(values)) && tests.every((test) => meets(values, test));
  };
}

/** Fields whose values come again and again, and that rules hold against long lists of texts. */
const RECURRING = new Set([
  'userAgent',
  'user.username',
  'sourceIPs',
  'gatewatch.object.series',
  'gatewatch.pod.command',
  'gatewatch.pod.image',
  'gatewatch.pod.spec.containers.env.value',
  'gatewatch.pod.spec.containers.name',
]);

/** Values whose answers one item remembers; a busy cluster has some hundreds of users, clients and images. */
const REMEMBERED_MAX = 1000;

/** Longer ones are not remembered, so that memory is bounded. */
const REMEMBERED_CHARS_MAX = 256;

/** The same test, which answers a text that it has seen before from memory. */
function remembering(test: ValueTest): ValueTest {
  const answers = new Map<string, boolean>();
  return (value) => {
    if (typeof value !== 'string' || value.length > REMEMBERED_CHARS_MAX) return test(value);
    const known = answers.get(value);
    if (known !== undefined) return known;
    if (answers.size === REMEMBERED_MAX) answers.clear();
    const answer = test(value);
    answers.set(value, answer);
    return answer;
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
  compile(item) {
    const compare = byValue(item, (terms) => equalsAny(terms, item.cased));
    return item.field === '' ? lookingFirst(item, compare) : compare;
  },
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
