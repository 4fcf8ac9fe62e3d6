import { segmentsOf } from './event.ts';
import type { Item, Predicate } from './item.ts';

/** One detection item in its place in a rule. */
export interface ItemNode {
  readonly kind: 'item';
  readonly item: Item;
  readonly test: Predicate;
  /** Why the item can never hold of an audit event, if so. */
  readonly never?: string;
  /** What a mapping made of its field, if one did. */
  readonly mapped?: string;
  /** `file.yml:12:5`. */
  readonly where: string;
}

/** What a condition is made of. */
export interface Leaf {
  readonly kind: 'item';
}

/** What a condition says, its search identifiers put in. */
export type Expression<Part extends Leaf = ItemNode> =
  | Part
  | { readonly kind: 'not'; readonly child: Expression<Part> }
  | { readonly kind: 'and' | 'or'; readonly children: readonly Expression<Part>[] }
  | { readonly kind: 'at-least'; readonly count: number; readonly children: readonly Expression<Part>[] };

/** `count` of the children, in the simplest form that says so. */
export function atLeast<Part extends Leaf>(
  count: number,
  children: readonly Expression<Part>[],
): Expression<Part> {
  const [only] = children;
  if (children.length === 1 && only) return only;
  if (count === 1) return { kind: 'or', children };
  if (count === children.length) return { kind: 'and', children };
  return { kind: 'at-least', count, children };
}

export const allOf = <Part extends Leaf>(children: readonly Expression<Part>[]): Expression<Part> =>
  atLeast(children.length, children);
export const oneOf = <Part extends Leaf>(children: readonly Expression<Part>[]): Expression<Part> =>
  atLeast(1, children);

/** Fields that an event knows from a glance at its beginning, or works out from those. */
const GLANCED =
  /^(?:stage|verb|sourceIPs|userAgent|user\.username|objectRef\..*|responseStatus\.code|gatewatch\.(?:cluster|source|outcome|dry_run|redacted|client\..*|actor\.kind))$/;

/** Top-level fields that an event decodes only when asked, because they hold most of its bytes. */
const HEAVY_ROOTS = new Set(['requestObject', 'responseObject', 'oldObject', 'gatewatch']);

const COST = { glanced: 0, light: 1, heavy: 2, everything: 3 } as const;

function costOf(expression: Expression): number {
  if (expression.kind === 'item') {
    if (expression.item.field === '') return COST.everything;
    if (GLANCED.test(expression.item.field)) return COST.glanced;
    return HEAVY_ROOTS.has(segmentsOf(expression.item.field)[0]!) ? COST.heavy : COST.light;
  }
  if (expression.kind === 'not') return costOf(expression.child);
  return Math.max(...expression.children.map(costOf));
}

/** The children, those of children that are linked in the same way among them, so that what is cheap in one comes before what is not in another. */
function flattened(expression: Exclude<Expression, ItemNode | { kind: 'not' }>): readonly Expression[] {
  if (expression.kind === 'at-least') return expression.children;
  return expression.children.flatMap((child) => (child.kind === expression.kind ? flattened(child) : child));
}

/** A predicate that asks what is cheap first; the order of asking does not change the answer. */
export function compileExpression(expression: Expression): Predicate {
  if (expression.kind === 'item') return expression.test;
  if (expression.kind === 'not') {
    const holds = compileExpression(expression.child);
    return (event) => !holds(event);
  }
  const predicates = flattened(expression)
    .toSorted((a, b) => costOf(a) - costOf(b))
    .map(compileExpression);
  if (expression.kind === 'at-least') {
    const { count } = expression;
    return (event) => {
      let wanted = count;
      return predicates.some((holds) => holds(event) && --wanted === 0);
    };
  }
  return expression.kind === 'and'
    ? (event) => predicates.every((holds) => holds(event))
    : (event) => predicates.some((holds) => holds(event));
}

/** Whether any audit event could match, as far as its fields and their types tell. */
export function isPossible(expression: Expression): boolean {
  switch (expression.kind) {
    case 'item':
      return expression.never === undefined;
    case 'not':
      return true;
    case 'and':
      return expression.children.every(isPossible);
    case 'or':
      return expression.children.some(isPossible);
    case 'at-least':
      return expression.children.filter(isPossible).length >= expression.count;
  }
}

/** The items of an expression, in the order written. */
export function* itemsOf(expression: Expression): Generator<ItemNode> {
  if (expression.kind === 'item') yield expression;
  else if (expression.kind === 'not') yield* itemsOf(expression.child);
  else for (const child of expression.children) yield* itemsOf(child);
}

/** Whether anything is left out: a `not` in the condition, or a `neq`. */
export function hasNegation(expression: Expression): boolean {
  if (expression.kind === 'item') return expression.item.negated;
  return expression.kind === 'not' || expression.children.some(hasNegation);
}

/** Whether an item holds, as far as that is known: undefined if it is not. */
export type Answer = (node: ItemNode) => boolean | undefined;

/**
 * What is left to ask once some items are answered: the expression itself if none of its items is.
 * @returns true or false if nothing is left
 */
export function given(expression: Expression, answer: Answer): Expression | boolean {
  switch (expression.kind) {
    case 'item':
      return answer(expression) ?? expression;
    case 'not': {
      const child = given(expression.child, answer);
      if (typeof child === 'boolean') return !child;
      return child === expression.child ? expression : { kind: 'not', child };
    }
    case 'and':
      return givenSome(expression, expression.children.length, answer);
    case 'or':
      return givenSome(expression, 1, answer);
    case 'at-least':
      return givenSome(expression, expression.count, answer);
  }
}

/** At least `count` of some expressions, those that are answered taken out. */
function givenSome(
  expression: Exclude<Expression, ItemNode | { kind: 'not' }>,
  count: number,
  answer: Answer,
): Expression | boolean {
  const { children } = expression;
  const open: Expression[] = [];
  let wanted = count;
  let changed = false;
  for (const child of children) {
    const rest = given(child, answer);
    if (rest === true) wanted--;
    else if (rest !== false) open.push(rest);
    changed ||= rest !== child;
  }
  if (wanted <= 0) return true;
  if (open.length < wanted) return false;
  return changed ? atLeast(wanted, open) : expression;
}
