import { allOf, atLeast, type Expression, type ItemNode, type Leaf, oneOf } from './expression.ts';
import { compilePattern, parsePattern } from './pattern.ts';
import { suggestion } from './suggest.ts';

/** Words and brackets of one condition; bounds the depth of the parser's recursion too. */
export const CONDITION_TOKENS_MAX = 500;

/** A condition that cannot be read, and the character that is to blame. */
export class ConditionError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

interface Token {
  readonly text: string;
  readonly offset: number;
}

const TOKEN = /[()]|[\w.*-]+/gy;
const SPACE = /\s+/y;

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  while (offset < text.length) {
    SPACE.lastIndex = offset;
    offset += SPACE.exec(text)?.[0].length ?? 0;
    if (offset === text.length) break;
    TOKEN.lastIndex = offset;
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined) {
      throw new ConditionError(
        `Unexpected character "${String.fromCodePoint(text.codePointAt(offset)!)}" in the condition.`,
        offset,
      );
    }
    tokens.push({ text: token, offset });
    offset += token.length;
    if (tokens.length > CONDITION_TOKENS_MAX) {
      throw new ConditionError(
        `The condition has more than ${CONDITION_TOKENS_MAX} words and brackets.`,
        offset,
      );
    }
  }
  return tokens;
}

export interface ParsedCondition<Part extends Leaf = ItemNode> {
  readonly expression: Expression<Part>;
  /** Names that the condition reads. */
  readonly used: ReadonlySet<string>;
}

/** What the names in a condition stand for, in words for messages. */
interface Named {
  readonly one: string;
  readonly of: string;
}

const SEARCH_IDENTIFIER: Named = { one: 'search identifier', of: 'rule' };

/**
 * Sigma rules specification, "Condition": `or` binds least, then `and`, `not`, `N of`, brackets.
 * Throws a `ConditionError`.
 */
export function parseCondition<Part extends Leaf>(
  text: string,
  identifiers: ReadonlyMap<string, Expression<Part>>,
  named = SEARCH_IDENTIFIER,
): ParsedCondition<Part> {
  const pipe = text.indexOf('|');
  if (pipe >= 0) {
    throw new ConditionError(
      'Sigma 2 has no aggregation in the condition ("| count() …", "| near …"). Write a correlation rule.',
      pipe,
    );
  }
  const tokens = tokenize(text);
  const used = new Set<string>();
  let at = 0;

  const peek = () => tokens[at]?.text.toLowerCase();
  const offset = () => tokens[at]?.offset ?? text.length;
  const take = (word: string) => {
    if (peek() !== word) return false;
    at++;
    return true;
  };

  function list(word: 'and' | 'or', operand: () => Expression<Part>): Expression<Part>[] {
    const operands = [operand()];
    while (take(word)) operands.push(operand());
    return operands;
  }

  const disjunction = (): Expression<Part> => oneOf(list('or', conjunction));
  const conjunction = (): Expression<Part> => allOf(list('and', negation));

  function negation(): Expression<Part> {
    return take('not') ? { kind: 'not', child: negation() } : operand();
  }

  function operand(): Expression<Part> {
    if (take('(')) {
      const inner = disjunction();
      if (!take(')')) throw new ConditionError('Expected ")" in the condition.', offset());
      return inner;
    }
    if (tokens[at + 1]?.text.toLowerCase() === 'of') return quantified();
    return identifier();
  }

  function quantified(): Expression<Part> {
    const quantifier = tokens[at]!;
    at += 2;
    const target = tokens[at++];
    if (!target)
      throw new ConditionError(`Expected "them" or the name of ${named.one}s after "of".`, text.length);
    const names = select(target);
    for (const name of names) used.add(name);
    const expressions = names.map((name) => identifiers.get(name)!);
    return atLeast(countOf(quantifier, names.length), expressions);
  }

  /** Identifiers beginning with an underscore are meant only where the underscore is written. */
  function select({ text: target, offset: place }: Token): string[] {
    const them = target.toLowerCase() === 'them';
    const matches = compilePattern(parsePattern(target));
    const names = [...identifiers.keys()].filter(
      (name) => (them || matches(name)) && (target.startsWith('_') || !name.startsWith('_')),
    );
    if (names.length > 0) return names;
    throw new ConditionError(
      `No ${named.one} matches "${target}".${suggestion(target, identifiers.keys())}`,
      place,
    );
  }

  function countOf({ text: quantifier, offset: place }: Token, available: number): number {
    const word = quantifier.toLowerCase();
    if (word === 'all') return available;
    if (word === 'any') return 1;
    const count = /^\d{1,4}$/.test(word) ? Number(word) : 0;
    if (count === 0)
      throw new ConditionError(
        `Expected a number, "all" or "any" before "of", found "${quantifier}".`,
        place,
      );
    if (count > available) {
      throw new ConditionError(`${count} ${named.one}s are asked for; only ${available} match.`, place);
    }
    return count;
  }

  function identifier(): Expression<Part> {
    const token = tokens[at];
    if (!token) throw new ConditionError(`Expected a ${named.one} at the end of the condition.`, text.length);
    const found = identifiers.get(token.text);
    if (!found) {
      throw new ConditionError(
        `"${token.text}" is not a ${named.one} of this ${named.of}.${suggestion(token.text, identifiers.keys())}`,
        token.offset,
      );
    }
    at++;
    used.add(token.text);
    return found;
  }

  const expression = disjunction();
  const rest = tokens[at];
  if (rest)
    throw new ConditionError(
      `Expected "and", "or" or the end of the condition, found "${rest.text}".`,
      rest.offset,
    );
  return { expression, used };
}
