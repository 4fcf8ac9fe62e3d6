import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNT, correlation, RULES, rule, temporal, value } from './correlations.ts';
import { problemsOf } from './support.ts';

test('every fault is named with line and column', () => {
  const table: readonly [body: string, ...problems: string[]][] = [
    [
      'type: event_cuont\nrules: [one]\ntimespan: 1m',
      'RULE_INVALID test.yml:19:3: "type": expected one of event_count, value_count, temporal, temporal_ordered, value_sum, value_avg, value_percentile, value_median, new_value, absence, found "event_cuont". Did you mean "event_count"?',
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
