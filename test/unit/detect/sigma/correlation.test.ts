import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CorrelationRule, fieldOf, groupFields } from '../../../../src/detect/sigma/model.ts';
import { allRules } from '../../../../src/detect/sigma/rule-condition.ts';
import { parse } from './support.ts';

const rule = (name: string, id: string) => `title: Rule ${name}
name: ${name}
id: ${id}
logsource: {product: kubernetes, service: audit}
detection:
  selection: {verb: create}
  condition: selection
`;

/** Rules `one` (lines 1 to 7) and `two` (9 to 15), then a correlation that begins at line 17. */
const RULES = `${rule('one', 'ID-1')}---\n${rule('two', 'ID-2')}---\n`;
const correlation = (body: string, head = '') =>
  `${RULES}title: Many\n${head}correlation:\n${body.replaceAll(/^/gm, '  ')}\n`;

const problemsOf = (text: string) =>
  parse(text).problems.map(({ code, where, message }) => `${code} ${where}: ${message}`);

const COUNT =
  'type: event_count\nrules: [one]\ngroup-by: [user.username]\ntimespan: 15m\ncondition: {gte: 10}';

test('event_count, its references resolved by name or id', () => {
  const text = correlation(
    'type: event_count\nrules: [one, id-2]\ngroup-by: [user.username, objectRef.namespace]\ntimespan: 2h\ncondition: {gt: 9, lte: 20}',
    'id: C1\nlevel: high\ntags: [attack.t1110]\nsuppress: 1d\n',
  );
  const { correlations, problems, warnings } = parse(text);
  assert.deepEqual(problems, []);
  assert.deepEqual(warnings, []);
  assert.deepEqual(correlations, [
    {
      id: 'C1',
      title: 'Many',
      level: 'high',
      references: [],
      tags: ['attack.t1110'],
      falsepositives: [],
      custom: { suppress: '1d' },
      file: 'test.yml',
      where: 'test.yml:17:1',
      type: 'event_count',
      rules: ['ID-1', 'ID-2'],
      groupBy: ['user.username', 'objectRef.namespace'],
      aliases: new Map(),
      timespanMs: 7_200_000,
      generate: false,
      threshold: { gt: 9, lte: 20 },
    },
  ]);
});

/** What a correlation has by its type. */
function specific({ type, ...rule }: CorrelationRule): unknown {
  if ('condition' in rule) return rule.condition;
  const { threshold, fields, percentile } = rule as Partial<Extract<CorrelationRule, { percentile: number }>>;
  return { threshold, ...(fields && { fields }), ...(percentile !== undefined && { percentile }) };
}

test('temporal_ordered asks for all its rules', () => {
  for (const condition of ['', '\ncondition: {gte: 2}', '\ncondition: {eq: 2}', '\ncondition: {gt: 1}']) {
    const { correlations, problems } = parse(
      correlation(
        `type: temporal_ordered\nrules: [two, one]\ngroup-by: user.username\ntimespan: 90s${condition}`,
      ),
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(correlations[0]!.rules, ['ID-2', 'ID-1']);
    assert.deepEqual(specific(correlations[0]!), { expression: allRules(['ID-2', 'ID-1']) });
    assert.deepEqual(correlations[0]!.groupBy, ['user.username']);
    assert.equal(correlations[0]!.timespanMs, 90_000);
  }
});

test('aliases name another field for each rule', () => {
  const { correlations, problems } = parse(
    correlation(
      'type: temporal_ordered\nrules: [one, two]\ngroup-by: [ns, user.username]\ntimespan: 1d\n' +
        'aliases:\n  ns: {one: objectRef.name, ID-2: objectRef.namespace}',
    ),
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(groupFields([correlations[0]!], 'ID-1'), ['objectRef.name', 'user.username']);
  assert.deepEqual(groupFields([correlations[0]!], 'ID-2'), ['objectRef.namespace', 'user.username']);
});

test('a rule is silent if correlations refer to it and none of them generates', () => {
  const silent = (text: string) => [...parse(text).silent];
  assert.deepEqual(silent(RULES), []);
  assert.deepEqual(silent(correlation(COUNT)), ['ID-1']);
  assert.deepEqual(silent(correlation(COUNT, 'generate: true\n')), []);
  assert.deepEqual(silent(correlation(`${COUNT}\ngenerate: true`)), []);
  assert.deepEqual(
    silent(
      `${correlation(COUNT)}---\ntitle: Other\ngenerate: true\ncorrelation:\n${COUNT.replaceAll(/^/gm, '  ')}`,
    ),
    [],
  );
  // A correlation that is refused silences nothing: its rules must be heard.
  assert.deepEqual(silent(correlation(COUNT.replace('15m', '15y'))), []);
});

test('correlations may stand before their rules and in other files', () => {
  const own = correlation(COUNT);
  const { correlations, problems } = parse(`${own.slice(RULES.length)}---\n${RULES}`);
  assert.deepEqual(problems, []);
  assert.equal(correlations.length, 1);
});

const value = (type: string) => `type: value_${type}\nrules: [one]\ntimespan: 1m\ncondition: `;
const temporal = (condition: string, type = 'temporal') =>
  `type: ${type}\nrules: [one, two]\ntimespan: 1m\ncondition: ${condition}`;

test('every fault is named with line and column', () => {
  const table: readonly [body: string, ...problems: string[]][] = [
    [
      'type: event_cuont\nrules: [one]\ntimespan: 1m',
      'RULE_INVALID test.yml:19:3: "type": expected one of event_count, value_count, temporal, temporal_ordered, value_sum, value_avg, value_percentile, value_median, new_value, found "event_cuont". Did you mean "event_count"?',
    ],
    [
      '{}',
      'RULE_INVALID test.yml:18:1: The required attribute "type" is missing from "correlation".',
      'RULE_INVALID test.yml:18:1: The required attribute "rules" is missing from "correlation".',
      'RULE_INVALID test.yml:18:1: The required attribute "timespan" is missing from "correlation".',
    ],
    [
      COUNT.replace('[one]', '[]'),
      'RULE_INVALID test.yml:20:3: "rules": expected a list of ids or names of rules, at most 500, found a list.',
    ],
    [
      COUNT.replace('[one]', '[one, twoo]'),
      'RULE_REFERENCE_UNKNOWN test.yml:20:16: No rule has the id or name "twoo". Did you mean "two"?',
    ],
    [
      COUNT.replace('[one]', '[one, ID-1]'),
      'RULE_INVALID test.yml:20:16: The rule "ID-1" stands twice. Every rule counts once.',
    ],
    [
      COUNT.replace('event_count', 'temporal_ordered').replace('{gte: 10}', ''),
      'RULE_INVALID test.yml:20:3: "rules": expected at least two rules, in the order in which they are to occur, found a list.',
    ],
    [
      COUNT.replace('[user.username]', "['']"),
      'RULE_INVALID test.yml:21:3: "group-by": expected paths of fields or names of aliases, found a list.',
    ],
    [
      COUNT.replace('15m', '15'),
      'RULE_INVALID test.yml:22:3: "timespan": expected a number and one of the letters s, m, h, d, for example "15m", found the number 15.',
    ],
    [
      COUNT.replace('15m', '0m'),
      'RULE_INVALID test.yml:22:3: "timespan": expected a number and one of the letters s, m, h, d, for example "15m", found "0m".',
    ],
    [
      COUNT.replace('condition: {gte: 10}', ''),
      'RULE_INVALID test.yml:18:1: The required attribute "condition" is missing from "correlation".',
    ],
    [
      COUNT.replace('{gte: 10}', '10'),
      'RULE_INVALID test.yml:23:3: "condition": expected a map such as "gte: 10", found the number 10.',
    ],
    [
      COUNT.replace('{gte: 10}', '{}'),
      'RULE_INVALID test.yml:23:3: Expected a count such as "gte: 10", found none.',
    ],
    [
      COUNT.replace('{gte: 10}', '{gtee: 10}'),
      'RULE_INVALID test.yml:23:15: "gtee" is not one of gt, gte, lt, lte, eq, neq. Did you mean "gte"?',
    ],
    [
      COUNT.replace('{gte: 10}', '{gte: 1.5}'),
      'RULE_INVALID test.yml:23:15: "gte": expected a whole number, found the number 1.5.',
    ],
    [
      COUNT.replace('{gte: 10}', '{gt: 10, lt: 11}'),
      'RULE_INVALID test.yml:23:3: No count meets the condition: there is at least one match where it is looked at.',
    ],
    [
      COUNT.replace('{gte: 10}', '{lt: 1}'),
      'RULE_INVALID test.yml:23:3: No count meets the condition: there is at least one match where it is looked at.',
    ],
    [
      COUNT.replace('{gte: 10}', 'one and two'),
      'RULE_INVALID test.yml:23:3: "condition": expected a map such as "gte: 10"; a condition over names of rules belongs to the types "temporal" and "temporal_ordered", found "one and two".',
    ],
    [
      COUNT.replace('gte: 10', 'gte: 2, field: verb, percentile: 4'),
      'RULE_INVALID test.yml:23:36: "percentile": expected none: it belongs to the type "value_percentile", found the number 4.',
      'RULE_INVALID test.yml:23:23: "field": expected none: it belongs to the types "value_…", found "verb".',
    ],
    [
      `${COUNT}\nfield: verb`,
      'RULE_INVALID test.yml:24:3: "field": expected none: it belongs to the types "value_…" and "new_value", found "verb".',
    ],
    [
      `${value('count')}{gte: 2}`,
      'RULE_INVALID test.yml:22:3: The required attribute "field" is missing from "condition": whose values are looked at.',
    ],
    [
      `field: verb\n${value('count')}{field: verb, gte: 2}`,
      'RULE_INVALID test.yml:19:3: "field": expected it under "condition", found "verb".',
    ],
    [
      `${value('count')}{field: verb}`,
      'RULE_INVALID test.yml:22:3: Expected a count such as "gte: 10", found none.',
    ],
    [
      `${value('count')}{field: [], gte: 2.5}`,
      'RULE_INVALID test.yml:22:26: "gte": expected a whole number, found the number 2.5.',
      'RULE_INVALID test.yml:22:15: "field": expected one to 10 paths of fields or names of aliases, found a list.',
    ],
    [
      `${value('sum')}{field: [verb, userAgent], gte: 2}`,
      'RULE_INVALID test.yml:22:15: "field": expected the path of one field or the name of an alias, found a list.',
    ],
    [
      `${value('avg')}{field: verb, gt: 2, lte: 2}`,
      'RULE_INVALID test.yml:22:3: No number meets the condition: its lower bound is above its upper one.',
    ],
    [
      `${value('median')}{field: verb, gte: a}`,
      'RULE_INVALID test.yml:22:28: "gte": expected a number, found "a".',
    ],
    [
      `${value('percentile')}{field: verb, gte: 1, percentile: 101}`,
      'RULE_INVALID test.yml:22:36: "percentile": expected a whole number from 0 to 100, found the number 101.',
    ],
    [
      `${value('percentile')}{field: verb, gte: 1, percentil: 10}`,
      'RULE_INVALID test.yml:22:36: "percentil" is not one of gt, gte, lt, lte, eq, neq. Did you mean "percentile"?',
    ],
    [
      temporal('{gte: 3}'),
      'RULE_INVALID test.yml:22:3: No count meets the condition: there is at least one match where it is looked at, and of at most 2 rules.',
    ],
    [
      temporal('[one]'),
      'RULE_INVALID test.yml:22:3: "condition": expected a map such as "gte: 2", or a condition over names of rules, found a list.',
    ],
    [
      temporal('one'),
      'RULE_INVALID test.yml:22:3: The condition does not name "two". Name it, or take it out of "rules".',
    ],
    [
      temporal('one and twoo'),
      'RULE_INVALID test.yml:22:22: "twoo" is not a rule of this correlation. Did you mean "two"?',
    ],
    [temporal('one and (two'), 'RULE_INVALID test.yml:22:26: Expected ")" in the condition.'],
    [
      temporal('one and not one and two'),
      'RULE_INVALID test.yml:22:3: Nothing meets the condition: it contradicts itself.',
    ],
    [
      temporal('one and not three').replace('rules: [one, two]\n', ''),
      'RULE_REFERENCE_UNKNOWN test.yml:21:3: No rule has the id or name "three".',
    ],
    [
      `${COUNT}\ngroupby: [a]`,
      'RULE_INVALID test.yml:24:3: "groupby" is not an attribute of a correlation. Did you mean "group-by"?',
    ],
    [
      `${COUNT}\naliases: {ns: {two: a}}`,
      'RULE_REFERENCE_UNKNOWN test.yml:24:18: "two" is not one of the rules of this correlation.',
    ],
    [
      `${COUNT}\naliases: {user.username: {}}`,
      'RULE_INVALID test.yml:24:13: "user.username" does not say which field of the rule "ID-1" is meant.',
    ],
    [
      `${COUNT}\naliases: {ns: {one: 7}}`,
      'RULE_INVALID test.yml:24:18: "one": expected the path of a field, found the number 7.',
    ],
  ];
  for (const [body, ...problems] of table) assert.deepEqual(problemsOf(correlation(body)), problems);
  assert.deepEqual(problemsOf('title: a\ncorrelation: [x]'), [
    'RULE_INVALID test.yml:2:1: "correlation": expected a map, found a list.',
  ]);
});

test('a reference to a refused rule is refused', () => {
  const refused = RULES.replace('condition: selection', 'condition: nothing');
  assert.deepEqual(problemsOf(correlation(COUNT).replace(RULES, refused)), [
    'RULE_INVALID test.yml:7:14: "nothing" is not a search identifier of this rule.',
    'RULE_REFERENCE_UNKNOWN test.yml:20:11: The rule "one" was refused; its own problem is named apart.',
  ]);
});

test('every type of the specification, and what it is given', () => {
  const read = (body: string) => {
    const { correlations, problems, warnings } = parse(correlation(body));
    assert.deepEqual([problems, warnings], [[], []]);
    return specific(correlations[0]!);
  };
  const gte = { gte: 2 };
  assert.deepEqual(read(`${value('count')}{field: verb, gte: 2}`), { threshold: gte, fields: ['verb'] });
  assert.deepEqual(read(`${value('count')}{field: [verb, userAgent], gte: 2}`), {
    threshold: gte,
    fields: ['verb', 'userAgent'],
  });
  for (const type of ['sum', 'avg', 'median']) {
    assert.deepEqual(read(`${value(type)}{field: responseStatus.code, gt: -0.5, lt: 1.5}`), {
      threshold: { gt: -0.5, lt: 1.5 },
      fields: ['responseStatus.code'],
    });
  }
  for (const [written, percentile] of [
    ['percentile: 95, ', 95],
    ['', 50],
  ] as const) {
    assert.deepEqual(read(`${value('percentile')}{${written}field: responseStatus.code, gte: 2}`), {
      threshold: gte,
      fields: ['responseStatus.code'],
      percentile,
    });
  }
  const [one, two] = ['ID-1', 'ID-2'].map((rule) => ({ kind: 'item', rule }));
  const either = { kind: 'or', children: [one, { kind: 'not', child: two }] };
  for (const type of ['temporal', 'temporal_ordered']) {
    assert.deepEqual(read(temporal('{gte: 1}', type)), { threshold: { gte: 1 } });
    assert.deepEqual(read(temporal('one OR not two', type)), { expression: either });
    const without = temporal('one or not two', type).replace('rules: [one, two]\n', '');
    assert.deepEqual(read(without), { expression: either });
  }
});

/** Correlations after the rules, each with the rules that it refers to. */
const chained = (...all: readonly [name: string, refers: string, more?: string][]) =>
  RULES +
  all
    .map(
      ([name, refers, more = '']) =>
        `title: ${name}\nname: ${name}\nid: ID-${name}\ncorrelation:\n  type: event_count\n  rules: [${refers}]\n  timespan: 1m\n  condition: {gte: 2}\n${more}`,
    )
    .join('---\n');

test('correlations may refer to correlations, in whatever order they stand, and silence them', () => {
  const { correlations, problems, silent } = parse(chained(['outer', 'inner, two'], ['inner', 'one']));
  assert.deepEqual(problems, []);
  assert.deepEqual(
    correlations.map(({ id, rules }) => [id, rules]),
    [
      ['ID-inner', ['ID-1']],
      ['ID-outer', ['ID-inner', 'ID-2']],
    ],
  );
  assert.deepEqual([...silent].sort(), ['ID-1', 'ID-2', 'ID-inner']);
  const heard = parse(chained(['outer', 'inner', 'generate: true\n'], ['inner', 'one']));
  assert.deepEqual([...heard.silent], ['ID-1']);
});

test('an alias may stand for an alias of the correlation below, or for fields of the rules below that', () => {
  const group = (alias: string) => `  group-by: [who]\n  aliases: {who: {${alias}}}\n`;
  const of = (outer: string) => {
    const { correlations, problems, warnings } = parse(
      chained(
        ['inner', 'one, two', group('one: verb, two: userAgent')],
        ['outer', 'inner', `  group-by: [what]\n  aliases: {what: {${outer}}}\n`],
      ),
    );
    assert.deepEqual([problems, warnings], [[], []]);
    const chain = [correlations[1]!, correlations[0]!];
    return ['ID-1', 'ID-2'].map((rule) => groupFields(chain, rule)[0]);
  };
  assert.deepEqual(of('inner: who'), ['verb', 'userAgent']);
  assert.deepEqual(of('inner: user.username'), ['user.username', 'user.username']);
  assert.deepEqual(of('one: stage, two: level'), ['stage', 'level']);
  assert.deepEqual(of('inner: who, two: level'), ['verb', 'level']);
  const { correlations, warnings } = parse(
    chained(
      ['inner', 'one, two', group('one: verb, two: userAgent')],
      ['outer', 'inner', '  group-by: [who]\n'],
    ),
  );
  assert.deepEqual(warnings, []);
  assert.equal(fieldOf([correlations[1]!, correlations[0]!], 'who', 'ID-2'), 'userAgent');
});

test('circles, long rows and what has a memory of its own are refused', () => {
  assert.deepEqual(problemsOf(chained(['a', 'a'])), [
    'RULE_REFERENCE_CYCLE test.yml:22:11: The correlation refers to itself: a → a.',
  ]);
  assert.deepEqual(problemsOf(chained(['c', 'a'], ['a', 'b'], ['b', 'c, one'])), [
    'RULE_REFERENCE_CYCLE test.yml:40:11: The correlation refers to itself: c → a → b → c.',
    'RULE_REFERENCE_UNKNOWN test.yml:31:11: The rule "b" was refused; its own problem is named apart.',
    'RULE_REFERENCE_UNKNOWN test.yml:22:11: The rule "a" was refused; its own problem is named apart.',
  ]);
  const row = [...'abcdef'].map((name, index): [string, string] => [
    name,
    `one${index > 0 ? `, ${'abcdef'[index - 1]}` : ''}`,
  ]);
  assert.deepEqual(problemsOf(chained(...row)), [
    'RULE_INVALID test.yml:67:16: Correlations refer to one another 6 in a row; at most 5 may.',
  ]);
  assert.deepEqual(problemsOf(chained(...row.slice(0, 5))), []);
  const fresh = (rules: string) =>
    `title: New\nname: new\ncorrelation:\n  type: new_value\n  rules: [${rules}]\n  field: verb\n  timespan: 1d\n`;
  assert.deepEqual(problemsOf(`${chained(['a', 'new'])}---\n${fresh('one')}`), [
    'RULE_UNSUPPORTED test.yml:22:11: The correlation "new" is of type "new_value", whose memory no other correlation sees. Name the rules that it refers to.',
  ]);
  assert.deepEqual(problemsOf(`${chained(['a', 'one'])}---\n${fresh('a')}`), [
    'RULE_UNSUPPORTED test.yml:30:11: A correlation of type "new_value" remembers matches of rules; "a" is a correlation. Name the rules that it refers to.',
  ]);
});

test('correlations that multiply are refused', () => {
  const layers = ['abcdefgh', 'ijklmnop', 'qrstuvwy'];
  const below = layers.flatMap((names, index) =>
    [...names].map((name): [string, string] => [name, [...(layers[index + 1] ?? [])].join(', ') || 'one']),
  );
  assert.deepEqual(problemsOf(chained(...below, ['x', 'b, c, d, e, f, g, h'])), []);
  assert.deepEqual(problemsOf(chained(...below, ['x', 'a, b, c, d, e, f, g, h'])), [
    'RULE_INVALID test.yml:238:3: The correlation comes down to its rules in 512 ways, through those that it refers to; at most 500 may be.',
  ]);
});

test('a sequence whose condition holds in too many ways is refused', () => {
  const names = Array.from({ length: 12 }, (_, index) => `r${index}`);
  const rules = names.map((name) => `${rule(name, `ID-${name}`)}---\n`).join('');
  const wide = (type: string, condition: string) =>
    `${rules}title: Wide\ncorrelation:\n  type: ${type}\n  rules: [${names}]\n  timespan: 1m\n  condition: ${condition}\n`;
  assert.deepEqual(problemsOf(wide('temporal_ordered', '6 of r*')), [
    'RULE_INVALID test.yml:102:3: The condition holds in more than 100 ways. Write several correlations.',
  ]);
  assert.deepEqual(problemsOf(wide('temporal_ordered', '11 of r*')), []);
  assert.deepEqual(problemsOf(wide('temporal', '6 of r*')), []);
});

test('a correlation is off where nothing is left that could meet its condition', () => {
  const other = RULES.replace('{product: kubernetes, service: audit}', '{product: windows}');
  const off = (body: string) => [...parse(correlation(body).replace(RULES, other)).off];
  assert.equal(off(temporal('one and two')).length, 2);
  assert.deepEqual(off(temporal('one or two')), ['ID-1']);
  assert.deepEqual(off(temporal('two and not one')), ['ID-1']);
  assert.deepEqual(off(temporal('{gte: 1}', 'temporal_ordered')), ['ID-1']);
  assert.equal(off(temporal('{gte: 2}', 'temporal_ordered')).length, 2);
  assert.equal(off(COUNT).length, 2);
});

test('grouping by a field that no event has is warned of', () => {
  const { warnings } = parse(correlation(COUNT.replace('user.username', 'username')));
  assert.deepEqual(
    warnings.map(({ where, message }) => `${where} ${message}`),
    [
      'test.yml:21:3 groups by nothing: "username" is not a field of an audit.k8s.io/v1 Event; fields of the object are under "requestObject" and "responseObject".',
    ],
  );
});
