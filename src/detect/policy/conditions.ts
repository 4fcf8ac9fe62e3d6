import { listOf, member, stringOf } from '../decode/json.ts';
import { canonical } from './canonical.ts';
import { alwaysOf, expressionExtent, isConstant } from './cel.ts';
import type { Extent } from './extent.ts';

/** Comparing every expression with every other one; more expressions are not compared. */
const EXPRESSIONS_MAX = 100;

/** How what a list of expressions accepts, all of which must be true, stands to what it accepted before. */
export interface ConditionsChange {
  readonly extent: Extent;
  /** An expression that is always false was put in: nothing is accepted any more. */
  readonly never: boolean;
  /** More expressions than before are always true. */
  readonly always: boolean;
  /** Whether there is any that is not always true. */
  readonly restricts: boolean;
}

/**
 * Compares two lists of `{name, expression}` or `{expression, message}`.
 * @param assumed what an expression is taken for that looks at nothing and whose value is not known: what protects less
 */
export function conditionsChange(before: unknown, after: unknown, assumed: boolean): ConditionsChange {
  const [from, to] = [before, after].map((list) =>
    expressionsOf(list).map((one) => (isUnknownConstant(one) ? String(assumed) : one)),
  ) as [string[], string[]];
  if (from.length > EXPRESSIONS_MAX || to.length > EXPRESSIONS_MAX) {
    return { extent: 'unclear', never: false, always: false, restricts: true };
  }
  const never = to.some((one) => alwaysOf(one) === false) && !from.some((one) => alwaysOf(one) === false);
  const always = count(to) > count(from);
  return {
    extent: never ? 'narrower' : extentOfAll(from, to),
    never,
    always,
    restricts: count(to) < to.length,
  };
}

function isUnknownConstant(expression: string): boolean {
  return alwaysOf(expression) === undefined && isConstant(expression);
}

function expressionsOf(list: unknown): string[] {
  return listOf(list)
    .filter((element) => element !== undefined)
    .map(expressionOf);
}

/** The expression of one element; of something else the text that stands for it. */
export function expressionOf(element: unknown): string {
  return stringOf(member(element, 'expression')) ?? canonical(element);
}

function count(expressions: readonly string[]): number {
  return expressions.filter((one) => alwaysOf(one) === true).length;
}

/** What is always true restricts nothing, what stays the same changes nothing; of the rest each must have gone, come, or be comparable. */
function extentOfAll(before: readonly string[], after: readonly string[]): Extent {
  const from = restricting(before, after);
  const to = restricting(after, before);
  const kinds = new Set<Extent>();
  for (const expression of from) {
    const match = to.findIndex((one) => expressionExtent(expression, one) !== 'unclear');
    if (match < 0) kinds.add('wider');
    else kinds.add(expressionExtent(expression, to.splice(match, 1)[0]!));
  }
  if (to.length > 0) kinds.add('narrower');
  kinds.delete('equal');
  const [kind = 'equal', ...others] = kinds;
  // What was put in may say the same as what was taken out, in other words.
  return others.length > 0 ? 'unclear' : kind;
}

function restricting(expressions: readonly string[], others: readonly string[]): string[] {
  return expressions.filter((one) => alwaysOf(one) !== true && !others.includes(one));
}
