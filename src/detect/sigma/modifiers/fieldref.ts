import { compilePath, isPath } from '../event.ts';
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
      const [parts] = textTerm(term, FIELDREF, index).alternatives;
      if (!isPath((parts && plainText(parts)) ?? '')) {
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
    term.kind === 'text' ? (plainText(term.alternatives[0] ?? []) ?? []) : [],
  );
}

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
      const predicates: Predicate[] = referredFields(item).map((path) => {
        const others = texts(path, item.cased);
        if (placement === 'equals') {
          return (event) => {
            const wanted = new Set(others(event));
            return wanted.size > 0 && own(event).some((text) => wanted.has(text));
          };
        }
        const relation = RELATIONS[placement];
        return (event) => {
          const wanted = others(event);
          return own(event).some((text) => wanted.some((other) => relation(text, other)));
        };
      });
      return item.linking === 'and'
        ? (event) => predicates.every((holds) => holds(event))
        : (event) => predicates.some((holds) => holds(event));
    },
  };
}

function texts(path: string, cased: boolean): (event: Parameters<Predicate>[0]) => string[] {
  const valuesOf = compilePath(path);
  return (event) =>
    valuesOf(event).flatMap((value) => {
      const text = textOf(value);
      return text === undefined ? [] : [cased ? text : fold(text)];
    });
}

export const FIELD_REFERENCE: readonly Modifier[] = [fieldref];
