import { exactTexts, type Item, type Predicate } from './item.ts';
import type { Anchors } from './model.ts';

/** One detection item in its place in a rule. */
export interface ItemNode {
  readonly kind: 'item';
  readonly item: Item;
  readonly test: Predicate;
  /** Why the item can never hold of an audit event, if so. */
  readonly never?: string;
  /** `file.yml:12:5`. */
  readonly where: string;
}

/** What a condition says, its search identifiers put in. */
export type Expression =
  | ItemNode
  | { readonly kind: 'not'; readonly child: Expression }
  | { readonly kind: 'and' | 'or'; readonly children: readonly Expression[] }
  | { readonly kind: 'at-least'; readonly count: number; readonly children: readonly Expression[] };

/** `count` of the children, in the simplest form that says so. */
export function atLeast(count: number, children: readonly Expression[]): Expression {
  const [only] = children;
  if (children.length === 1 && only) return only;
  if (count === 1) return { kind: 'or', children };
  if (count === children.length) return { kind: 'and', children };
  return { kind: 'at-least', count, children };
}

export const allOf = (children: readonly Expression[]): Expression => atLeast(children.length, children);
export const oneOf = (children: readonly Expression[]): Expression => atLeast(1, children);

/** Top-level fields that an event decodes only when asked, because they hold most of its bytes. */
const HEAVY_ROOTS = new Set(['requestObject', 'responseObject', 'oldObject', 'gatewatch']);

const COST = { light: 0, heavy: 1, everything: 2 } as const;

function costOf(expression: Expression): number {
  if (expression.kind === 'item') {
    if (expression.item.field === '') return COST.everything;
    return HEAVY_ROOTS.has(expression.item.field.split('.', 1)[0]!) ? COST.heavy : COST.light;
  }
  if (expression.kind === 'not') return costOf(expression.child);
  return Math.max(...expression.children.map(costOf));
}

/** A predicate that asks what is cheap first; the order of asking does not change the answer. */
export function compileExpression(expression: Expression): Predicate {
  if (expression.kind === 'item') return expression.test;
  if (expression.kind === 'not') {
    const holds = compileExpression(expression.child);
    return (event) => !holds(event);
  }
  const predicates = expression.children.toSorted((a, b) => costOf(a) - costOf(b)).map(compileExpression);
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

/** What must hold of `verb` and `objectRef.resource` for the expression to hold. */
export function anchorsOf(expression: Expression): Anchors {
  const verbs = valuesRequired(expression, 'verb');
  const resources = valuesRequired(expression, 'objectRef.resource');
  return { ...(verbs && { verbs }), ...(resources && { resources }) };
}

/**
 * A set one of whose texts the field must have. Nothing is known under `not`. Under `and` any child's set will do and
 * the smallest serves best; they are not intersected, because a field that is a list can meet two of them.
 */
function valuesRequired(expression: Expression, field: string): ReadonlySet<string> | undefined {
  switch (expression.kind) {
    case 'item':
      return expression.item.field === field ? exactTexts(expression.item) : undefined;
    case 'not':
      return undefined;
    case 'and': {
      const sets = expression.children
        .map((child) => valuesRequired(child, field))
        .filter((set) => set !== undefined);
      return sets.toSorted((a, b) => a.size - b.size)[0];
    }
    case 'or':
    case 'at-least': {
      const texts = new Set<string>();
      for (const child of expression.children) {
        const set = valuesRequired(child, field);
        if (!set) return undefined;
        for (const text of set) texts.add(text);
      }
      return texts;
    }
  }
}
