import { allOf, type Expression } from './expression.ts';
import type { Threshold } from './model.ts';

/** A rule that a condition names. */
export interface RuleNamed {
  readonly kind: 'item';
  /** Its id. */
  readonly rule: string;
}

/** A condition over names of rules, as pySigma has for temporal correlations. */
export type RuleExpression = Expression<RuleNamed>;

/** What a temporal correlation asks for: so many different rules, or some and not others. */
export type RuleCondition = { readonly threshold: Threshold } | { readonly expression: RuleExpression };

/** A way in which a condition holds: with matches of some rules and none of others. */
export interface Way {
  /** Ids, in the order of the correlation's rules. */
  readonly needs: readonly string[];
  readonly excludes: readonly string[];
}

/** Ways in which one condition may hold; each costs a look at every match. */
export const WAYS_MAX = 100;

/** Every one of the rules. */
export function allRules(rules: readonly string[]): RuleExpression {
  return allOf(rules.map((rule) => ({ kind: 'item', rule })));
}

/** Whether an expression holds where some rules match and others do not. */
export function holdsOf(expression: RuleExpression, matches: (rule: string) => boolean): boolean {
  switch (expression.kind) {
    case 'item':
      return matches(expression.rule);
    case 'not':
      return !holdsOf(expression.child, matches);
    case 'and':
      return expression.children.every((child) => holdsOf(child, matches));
    case 'or':
      return expression.children.some((child) => holdsOf(child, matches));
    case 'at-least':
      return expression.children.filter((child) => holdsOf(child, matches)).length >= expression.count;
  }
}

/** All ways in which an expression holds; undefined if there are more than `WAYS_MAX`. */
export function waysOf(expression: RuleExpression, rules: readonly string[]): Way[] | undefined {
  const order = (ids: Iterable<string>): string[] => rules.filter((rule) => new Set(ids).has(rule));
  const ways = expand(expression, true)?.map(({ needs, excludes }) => ({
    needs: order(needs),
    excludes: order(excludes),
  }));
  return ways?.filter(({ needs, excludes }) => !needs.some((rule) => excludes.includes(rule)));
}

/** @param wanted whether the expression is to hold, or not to */
function expand(expression: RuleExpression, wanted: boolean): Way[] | undefined {
  switch (expression.kind) {
    case 'item': {
      const { rule } = expression;
      return [wanted ? { needs: [rule], excludes: [] } : { needs: [], excludes: [rule] }];
    }
    case 'not':
      return expand(expression.child, !wanted);
    case 'and':
      return some(expression.children, wanted ? expression.children.length : 1, wanted);
    case 'or':
      return some(expression.children, wanted ? 1 : expression.children.length, wanted);
    case 'at-least': {
      const { children, count } = expression;
      return some(children, wanted ? count : children.length - count + 1, wanted);
    }
  }
}

/** Ways in which at least `count` of some expressions are as wanted. */
function some(children: readonly RuleExpression[], count: number, wanted: boolean): Way[] | undefined {
  if (count === 0) return [{ needs: [], excludes: [] }];
  const [first, ...rest] = children;
  if (!first || children.length < count) return [];
  const ofFirst = expand(first, wanted);
  const withFirst = ofFirst && some(rest, count - 1, wanted);
  const without = withFirst && some(rest, count, wanted);
  if (!without) return undefined;
  if (ofFirst.length * withFirst.length + without.length > WAYS_MAX) return undefined;
  const both = ofFirst.flatMap((one) =>
    withFirst.map((other) => ({
      needs: [...one.needs, ...other.needs],
      excludes: [...one.excludes, ...other.excludes],
    })),
  );
  return [...both, ...without];
}
