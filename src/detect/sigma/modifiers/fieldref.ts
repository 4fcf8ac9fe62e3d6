import { compilePath, type EventFields, isPath } from '../event.ts';
import type { Comparison, Item, Predicate } from '../item.ts';
import { plainText } from '../pattern.ts';
import { invalid } from '../refusal.ts';
import { fold, textOf } from '../value.ts';
import { type Modifier, textTerm, withComparison } from './modifier.ts';
import type { Placement } from './text.ts';

export const FIELDREF = 'fieldref';

/** Modifiers appendix, "Specific Modifiers": the value names another field of the same event, and the two are compared. */
const fieldref: Modifier = {
  name: FIELDREF,
  forKeywords: false,
  apply(item) {
    item.terms.forEach((term, index) => {
      const paths = textTerm(term, FIELDREF, index).alternatives;
      if (!paths.every((parts) => isPath(plainText(parts) ?? ''))) {
        throw invalid('The modifier "fieldref" expects the path of a field, without wildcards.', index);
      }
    });
    return withComparison(item, comparing('equals'));
  },
};

/** The same reference, looking at the beginning, the end or any place of the field. */
export function referring(item: Item, placement: Placement): Item {
  return { ...item, comparison: comparing(placement) };
}

/** Paths of the fields that an item refers to. */
export function referredFields(item: Item): string[] {
  if (item.comparison.name !== FIELDREF) return [];
  return item.terms.flatMap((term) =>
    term.kind === 'text' ? term.alternatives.flatMap((parts) => plainText(parts) ?? []) : [],
  );
}

/** Characters that one reference may look through in one event: of two lists each text is held against each. */
export const FIELDREF_CHARACTERS_MAX = 10_000_000;

type Relation = (text: string, other: string) => boolean;

const RELATIONS: Record<Placement, Relation> = {
  startswith: (text, other) => text.startsWith(other),
  endswith: (text, other) => text.endsWith(other),
  contains: (text, other) => text.includes(other),
};

function comparing(placement: Placement | 'equals'): Comparison {
  return {
    name: FIELDREF,
    caseMatters: true,
    compile(item) {
      const own = texts(item.field, item.cased);
      const predicates = referredFields(item).map((path) => {
        const others = texts(path, item.cased);
        return placement === 'equals'
          ? equal(own, others, item.every)
          : related(own, others, RELATIONS[placement], item.every, path);
      });
      return item.linking === 'and'
        ? (event) => predicates.every((holds) => holds(event))
        : (event) => predicates.some((holds) => holds(event));
    },
  };
}

type Texts = (event: EventFields) => string[];

function equal(own: Texts, others: Texts, every: boolean): Predicate {
  return (event) => {
    const wanted = new Set(others(event));
    const values = own(event);
    if (wanted.size === 0 || values.length === 0) return false;
    return every ? values.every((text) => wanted.has(text)) : values.some((text) => wanted.has(text));
  };
}

function related(own: Texts, others: Texts, relation: Relation, every: boolean, path: string): Predicate {
  return (event) => {
    const wanted = others(event);
    const values = own(event);
    let characters = 0;
    for (const text of values) {
      let met = false;
      for (const other of wanted) {
        characters += text.length + 1;
        if (characters > FIELDREF_CHARACTERS_MAX) {
          event.limitReached?.(path);
          return false;
        }
        met = relation(text, other);
        if (met) break;
      }
      // One is enough, or one too many.
      if (met !== every) return met;
    }
    return every && values.length > 0;
  };
}

function texts(path: string, cased: boolean): Texts {
  const valuesOf = compilePath(path);
  return (event) =>
    valuesOf(event).flatMap((value) => {
      const text = textOf(value);
      return text === undefined ? [] : [cased ? text : fold(text)];
    });
}

export const FIELD_REFERENCE: readonly Modifier[] = [fieldref];
