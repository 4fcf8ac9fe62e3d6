import { anyOf, byValue, type Comparison, type Item } from '../item.ts';
import { invalid } from '../refusal.ts';
import { type Modifier, withComparison } from './modifier.ts';

/** Modifiers appendix, "Numeric Modifiers". */

type Relation = (value: number, limit: number) => boolean;

/** A number that an event carries as text, in the notation of JSON. */
const NUMERIC = /^-?\d{1,15}(?:\.\d{1,15})?$/;

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && NUMERIC.test(value) ? Number(value) : undefined;
}

/** A comparison of the number that `read` finds in a value of the field. */
export function comparingNumbers(
  name: string,
  relation: Relation,
  read: (value: unknown) => number | undefined,
): Comparison {
  return {
    name,
    caseMatters: false,
    compile: (item) =>
      byValue(item, (terms) =>
        anyOf(
          numbers(terms).map((limit) => (value) => {
            const found = read(value);
            return found !== undefined && relation(found, limit);
          }),
        ),
      ),
  };
}

function numbers(terms: Item['terms']): number[] {
  return terms.flatMap((term) => (term.kind === 'number' ? term.value : []));
}

/** Refuses values that are not numbers. */
export function expectNumbers(item: Item, modifier: string): void {
  item.terms.forEach((term, index) => {
    if (term.kind !== 'number' || !Number.isFinite(term.value)) {
      throw invalid(`The modifier "${modifier}" expects a number, without quotation marks.`, index);
    }
  });
}

/** A comparison that reads a number out of the value first and leaves the relation to a following modifier. */
export interface PartComparison extends Comparison {
  readonly read: (value: unknown) => number | undefined;
}

function isPart(comparison: Comparison): comparison is PartComparison {
  return 'read' in comparison;
}

function relation(name: string, holds: Relation): Modifier {
  return {
    name,
    forKeywords: false,
    apply(item) {
      expectNumbers(item, name);
      return isPart(item.comparison)
        ? { ...item, comparison: comparingNumbers(name, holds, item.comparison.read) }
        : withComparison(item, comparingNumbers(name, holds, numberOf));
    },
  };
}

export const NUMBER: readonly Modifier[] = [
  relation('lt', (value, limit) => value < limit),
  relation('lte', (value, limit) => value <= limit),
  relation('gt', (value, limit) => value > limit),
  relation('gte', (value, limit) => value >= limit),
];
