/**
 * What can be said of CEL expressions (cel.dev) without knowing the objects that they look at: whether one is always true or always false, and
 * whether one accepts more than another. `undefined` and `unclear` stand for everything else.
 */

import { type Extent, extentOf } from './extent.ts';

type Literal = boolean | number | string;

const EXPRESSION_CHARS_MAX = 8192;
const TOKENS_MAX = 1000;
const DEPTH_MAX = 32;

const TOKEN =
  /\s+|\/\/[^\n]*|(?<string>[rb]{0,2}(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))|(?<word>[\w.]+)|(?<sign>\|\||&&|[=!<>]=|[\s\S])/gy;

/** @returns undefined if the text is too long to be looked at */
function tokensOf(expression: string): readonly string[] | undefined {
  if (expression.length > EXPRESSION_CHARS_MAX) return undefined;
  const tokens: string[] = [];
  for (const { groups } of expression.matchAll(TOKEN)) {
    const token = groups?.string ?? groups?.word ?? groups?.sign;
    if (token === undefined) continue; // white space or a comment
    if (tokens.push(token) > TOKENS_MAX) return undefined;
  }
  return tokens;
}

/** Whether an expression has the same truth whatever it looks at. */
export function alwaysOf(expression: string): boolean | undefined {
  const tokens = tokensOf(expression);
  const value = tokens && truthOf(tokens, 0);
  return typeof value === 'boolean' ? value : undefined;
}

/** Words of CEL that stand for no object: literals, and functions of what they are given (github.com/google/cel-spec, langdef.md). */
const OWN_WORDS: ReadonlySet<string> = new Set(
  [
    ['true', 'false', 'null', 'in', 'has', 'dyn', 'type', 'size', 'int', 'uint', 'double', 'string', 'bool'],
    ['bytes', 'duration', 'timestamp', 'contains', 'startsWith', 'endsWith', 'matches'],
  ].flat(),
);

/** Whether an expression looks at nothing, so that its value is always the same, known or not: `size([]) == 0`. */
export function isConstant(expression: string): boolean {
  const tokens = tokensOf(expression) ?? [];
  return tokens.length > 1 && tokens.filter(isWord).every((word) => OWN_WORDS.has(word.replace(/^\./, '')));
}

function isWord(token: string): boolean {
  return /^[\w.]*[A-Za-z_][\w.]*$/.test(token);
}

const OPENING = new Set(['(', '[', '{']);
const CLOSING = new Set([')', ']', '}']);

/** Positions of signs that stand in no bracket. */
function positions(tokens: readonly string[], signs: ReadonlySet<string>): number[] {
  const found: number[] = [];
  let open = 0;
  for (const [index, token] of tokens.entries()) {
    if (OPENING.has(token)) open++;
    else if (CLOSING.has(token)) open--;
    else if (open === 0 && signs.has(token)) found.push(index);
  }
  return found;
}

function split(tokens: readonly string[], sign: string): (readonly string[])[] {
  const ends = [...positions(tokens, new Set([sign])), tokens.length];
  return ends.map((end, index) => tokens.slice(index === 0 ? 0 : ends[index - 1]! + 1, end));
}

/** Without the brackets around all of it. */
function unwrapped(tokens: readonly string[]): readonly string[] {
  let inner = tokens;
  while (inner[0] === '(' && closingOf(inner) === inner.length - 1) inner = inner.slice(1, -1);
  return inner;
}

function closingOf(tokens: readonly string[]): number {
  let open = 0;
  return tokens.findIndex((token) => {
    if (OPENING.has(token)) open++;
    else if (CLOSING.has(token)) open--;
    return open === 0;
  });
}

const RELATIONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);

function truthOf(all: readonly string[], depth: number): Literal | undefined {
  const tokens = unwrapped(all);
  if (tokens.length <= 1) return literalOf(tokens[0]);
  if (depth === DEPTH_MAX) return undefined;
  const part = (from: readonly string[]) => truthOf(from, depth + 1);
  const [question] = positions(tokens, new Set(['?']));
  // `a.?b` is a field that may be absent.
  if (question !== undefined && !tokens[question - 1]?.endsWith('.')) return choice(tokens, question, part);
  const either = split(tokens, '||');
  if (either.length > 1) return joined(either.map(part), true);
  const both = split(tokens, '&&');
  if (both.length > 1) return joined(both.map(part), false);
  const relation = positions(tokens, RELATIONS).at(-1);
  if (relation !== undefined) {
    const [left, right] = [tokens.slice(0, relation), tokens.slice(relation + 1)];
    return related(tokens[relation]!, part(left), part(right), sameTokens(left, right));
  }
  if (tokens[0] === '!') return negated(part(tokens.slice(1)));
  return undefined;
}

function literalOf(token: string | undefined): Literal | undefined {
  if (token === 'true' || token === 'false') return token === 'true';
  if (token === undefined) return undefined;
  if (/^\d+$/.test(token)) return Number(token);
  return /^(["'])(?:(?!\1)[^\\])*\1$/.test(token) ? token.slice(1, -1) : undefined;
}

/** Truth of operands joined by `||` (decided by one that is true) or `&&` (by one that is false). */
function joined(values: readonly (Literal | undefined)[], deciding: boolean): boolean | undefined {
  if (values.includes(deciding)) return deciding;
  return values.every((value) => value === !deciding) ? !deciding : undefined;
}

function negated(value: Literal | undefined): boolean | undefined {
  return typeof value === 'boolean' ? !value : undefined;
}

function choice(
  tokens: readonly string[],
  question: number,
  part: (tokens: readonly string[]) => Literal | undefined,
): Literal | undefined {
  let nested = 0;
  const colon = positions(tokens, new Set(['?', ':']))
    .filter((index) => index > question)
    .find((index) => {
      if (tokens[index] === '?') nested++;
      else if (nested-- === 0) return true;
      return false;
    });
  if (colon === undefined) return undefined;
  const condition = part(tokens.slice(0, question));
  const [yes, no] = [part(tokens.slice(question + 1, colon)), part(tokens.slice(colon + 1))];
  if (condition === undefined) return yes === no ? yes : undefined;
  return condition === true ? yes : no;
}

function related(
  sign: string,
  left: Literal | undefined,
  right: Literal | undefined,
  identical: boolean,
): boolean | undefined {
  if (identical) return sign === '==' || sign === '<=' || sign === '>=';
  if (left === undefined || right === undefined || typeof left !== typeof right) return undefined;
  switch (sign) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    default:
      return left >= right;
  }
}

function sameTokens(a: readonly string[], b: readonly string[]): boolean {
  return textOf(a) === textOf(b);
}

function textOf(tokens: readonly string[]): string {
  return unwrapped(tokens).join(' ');
}

/** How what the second expression accepts stands to what the first one does. */
export function expressionExtent(before: string, after: string): Extent {
  if (before === after) return 'equal';
  const [from, to] = [tokensOf(before), tokensOf(after)];
  if (!from || !to) return 'unclear';
  if (sameTokens(from, to)) return 'equal';
  const [was, is] = [truthOf(from, 0), truthOf(to, 0)];
  if (typeof was === 'boolean' && was === is) return 'equal';
  if (is === true || was === false) return 'wider';
  if (is === false || was === true) return 'narrower';
  const accepts = holdsAll(to, from, '||') || holdsAll(from, to, '&&') || suffices(from, to);
  const accepted = holdsAll(from, to, '||') || holdsAll(to, from, '&&') || suffices(to, from);
  return accepts || accepted ? extentOf(!accepts, !accepted) : 'unclear';
}

/** Whether the operands of the one expression are among those of the other. */
function holdsAll(whole: readonly string[], part: readonly string[], sign: string): boolean {
  const all = new Set(operands(whole, sign));
  return operands(part, sign).every((operand) => all.has(operand));
}

/** Whether something that the one expression demands is enough for the other: `a && b` for `a || c`. */
function suffices(whole: readonly string[], other: readonly string[]): boolean {
  const enough = new Set(operands(other, '||'));
  return operands(whole, '&&').some((operand) => enough.has(operand));
}

function operands(tokens: readonly string[], sign: string): string[] {
  const inner = unwrapped(tokens);
  // `a ? b : c || d` is no alternative to `a ? b : c`.
  if (positions(inner, new Set(['?'])).length > 0) return [inner.join(' ')];
  if (sign === '&&' && positions(inner, new Set(['||'])).length > 0) return [inner.join(' ')];
  return split(inner, sign).map(textOf);
}
