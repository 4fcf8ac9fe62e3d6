/** One use of a metric in an expression. */
export interface Use {
  readonly metric: string;
  /** The function that takes a range of it; undefined where only the last value counts. */
  readonly over?: string;
  /** Labels that it is chosen by, with what they must match. */
  readonly matchers: readonly { readonly label: string; readonly value: string; readonly isRegex: boolean }[];
}

const TOKEN = /"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[a-zA-Z_:][\w:]*|\d[\w.]*|=~|!~|!=|[<>=]=?|\S/g;

const KEYWORDS = new Set(['and', 'or', 'unless', 'offset', 'bool']);

/** Words that a list of labels follows. */
const GROUPING = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);

/** The metrics that an expression uses, and the labels that it groups by. As much of PromQL as that needs. */
export function usesOf(expression: string): { uses: Use[]; grouped: string[] } {
  const tokens: readonly string[] = expression.match(TOKEN) ?? [];
  const uses: Use[] = [];
  const grouped: string[] = [];
  /** What stands before each open parenthesis. */
  const open: string[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (token === '(') open.push(tokens[at - 1] ?? '');
    else if (token === ')') open.pop();
    else if (GROUPING.has(token)) {
      const end = tokens.indexOf(')', at);
      grouped.push(...tokens.slice(at + 2, end).filter((label) => label !== ','));
      at = end;
    } else if (
      /^[a-z]/i.test(token) &&
      tokens[at + 1] !== '(' &&
      !KEYWORDS.has(token) &&
      !isCall(tokens, at)
    ) {
      const chosen = tokens[at + 1] === '{' ? tokens.slice(at + 2, tokens.indexOf('}', at)) : [];
      if (chosen.length > 0) at += chosen.length + 2;
      const over = tokens[at + 1]?.startsWith('[') ? open.at(-1) : undefined;
      uses.push({ metric: token, matchers: matchersOf(chosen), ...(over !== undefined && { over }) });
    }
  }
  if (open.length > 0) throw new Error(`${expression}: a parenthesis is not closed.`);
  return { uses, grouped };
}

/** `sum by (…) (…)`: the name of a function, although no parenthesis follows at once. */
function isCall(tokens: readonly string[], at: number): boolean {
  return GROUPING.has(tokens[at + 1] ?? '') && /^(?:sum|count|max|min|avg|topk)$/.test(tokens[at]!);
}

function matchersOf(tokens: readonly string[]) {
  return tokens.flatMap((token, at) => {
    const [operator, value] = tokens.slice(at + 1);
    if (!/^\w+$/.test(token) || !value?.startsWith('"')) return [];
    return [{ label: token, value: JSON.parse(value) as string, isRegex: operator!.endsWith('~') }];
  });
}
