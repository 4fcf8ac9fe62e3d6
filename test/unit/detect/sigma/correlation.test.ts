import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupFields } from '../../../../src/detect/sigma/model.ts';
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
      condition: { gt: 9, lte: 20 },
      generate: false,
    },
  ]);
});

test('temporal_ordered asks for all its rules', () => {
  for (const condition of ['', '\ncondition: {gte: 2}', '\ncondition: {eq: 2}', '\ncondition: {gt: 1}']) {
    const { correlations, problems } = parse(
      correlation(
        `type: temporal_ordered\nrules: [two, one]\ngroup-by: user.username\ntimespan: 90s${condition}`,
      ),
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(correlations[0]!.rules, ['ID-2', 'ID-1']);
    assert.deepEqual(correlations[0]!.condition, { gte: 2 });
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
  assert.deepEqual(groupFields(correlations[0]!, 'ID-1'), ['objectRef.name', 'user.username']);
  assert.deepEqual(groupFields(correlations[0]!, 'ID-2'), ['objectRef.namespace', 'user.username']);
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

test('every fault is named with line and column', () => {
  const table: readonly [body: string, ...problems: string[]][] = [
    [
      'type: value_count\nrules: [one]\ntimespan: 1m\ncondition: {field: a, gte: 2}',
      'RULE_UNSUPPORTED test.yml:19:3: The correlation type "value_count" is not evaluated. Evaluated are event_count, temporal_ordered, new_value.',
    ],
    [
      'type: temporal\nrules: [one]\ntimespan: 1m',
      'RULE_UNSUPPORTED test.yml:19:3: The correlation type "temporal" is not evaluated. Evaluated are event_count, temporal_ordered, new_value.',
    ],
    [
      'type: event_cuont\nrules: [one]\ntimespan: 1m',
      'RULE_INVALID test.yml:19:3: "type": expected one of event_count, temporal_ordered, new_value, found "event_cuont". Did you mean "event_count"?',
    ],
    [
      '{}',
      'RULE_INVALID test.yml:18:1: The required attribute "type" is missing from "correlation".',
      'RULE_INVALID test.yml:18:1: The required attribute "timespan" is missing from "correlation".',
      'RULE_INVALID test.yml:18:1: The required attribute "rules" is missing from "correlation".',
    ],
    [
      COUNT.replace('[one]', '[]'),
      'RULE_INVALID test.yml:20:3: "rules": expected a list of ids or names of rules, found a list.',
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
      'RULE_INVALID test.yml:23:3: Expected a count such as "gte: 10", found an empty map.',
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
      'RULE_INVALID test.yml:23:3: No count meets the condition: its lower bound is above its upper one.',
    ],
    [
      COUNT.replace('{gte: 10}', 'one and two'),
      'RULE_UNSUPPORTED test.yml:23:3: A condition over the names of rules is not evaluated.',
    ],
    [
      'type: temporal_ordered\nrules: [one, two]\ntimespan: 1m\ncondition: {gte: 1}',
      'RULE_UNSUPPORTED test.yml:22:3: A "temporal_ordered" correlation is evaluated over all its rules only. Leave the condition out, or write "gte: 2".',
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

test('a reference to a refused rule, or to another correlation, is refused', () => {
  const refused = RULES.replace('condition: selection', 'condition: nothing');
  assert.deepEqual(problemsOf(correlation(COUNT).replace(RULES, refused)), [
    'RULE_INVALID test.yml:7:14: "nothing" is not a search identifier of this rule.',
    'RULE_REFERENCE_UNKNOWN test.yml:20:11: The rule "one" was refused; its own problem is named apart.',
  ]);
  const chained = `${correlation(COUNT, 'name: many\n')}---\ntitle: Chain\ncorrelation:\n${COUNT.replace('one', 'many').replaceAll(/^/gm, '  ')}`;
  assert.deepEqual(problemsOf(chained), [
    'RULE_UNSUPPORTED test.yml:29:11: A correlation of correlations ("many" is one) is not evaluated.',
  ]);
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
