/** A rule of seven lines. */
export const rule = (name: string, id: string) => `title: Rule ${name}
name: ${name}
id: ${id}
logsource: {product: kubernetes, service: audit}
detection:
  selection: {verb: create}
  condition: selection
`;

/** Rules `one` (lines 1 to 7) and `two` (9 to 15), then a correlation that begins at line 17. */
export const RULES = `${rule('one', 'ID-1')}---\n${rule('two', 'ID-2')}---\n`;
export const correlation = (body: string, head = '') =>
  `${RULES}title: Many\n${head}correlation:\n${body.replaceAll(/^/gm, '  ')}\n`;

export const COUNT =
  'type: event_count\nrules: [one]\ngroup-by: [user.username]\ntimespan: 15m\ncondition: {gte: 10}';

export const value = (type: string) => `type: value_${type}\nrules: [one]\ntimespan: 1m\ncondition: `;

export const temporal = (condition: string, type = 'temporal') =>
  `type: ${type}\nrules: [one, two]\ntimespan: 1m\ncondition: ${condition}`;

/** Correlations after the rules, each with the rules that it refers to. */
export const chained = (...all: readonly [name: string, refers: string, more?: string][]) =>
  RULES +
  all
    .map(
      ([name, refers, more = '']) =>
        `title: ${name}\nname: ${name}\nid: ID-${name}\ncorrelation:\n  type: event_count\n  rules: [${refers}]\n  timespan: 1m\n  condition: {gte: 2}\n${more}`,
    )
    .join('---\n');
