import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldOf, type NewValueRule } from '../../../../src/detect/sigma/model.ts';
import { parse } from './support.ts';

const rule = (name: string) => `title: Rule ${name}
name: ${name}
id: ID-${name}
logsource: {product: kubernetes, service: audit}
detection:
  selection: {verb: get}
  condition: selection
`;

/** Rules `one` (lines 1 to 7) and `two` (9 to 15), then a correlation that begins at line 17. */
const correlation = (body: string) =>
  `${rule('one')}---\n${rule('two')}---\ntitle: New\ncorrelation:\n${body.replaceAll(/^/gm, '  ')}\n`;

const NEW = 'type: new_value\nrules: [one]\ngroup-by: [user.username]\nfield: userAgent\ntimespan: 14d';

test('new_value names its fields, one or several', () => {
  for (const [field, fields] of [
    ['userAgent', ['userAgent']],
    ['[userAgent, sourceIPs]', ['userAgent', 'sourceIPs']],
  ] as const) {
    const { correlations, problems, warnings, silent } = parse(
      correlation(NEW.replace('field: userAgent', `field: ${field}`)),
    );
    assert.deepEqual([problems, warnings], [[], []]);
    const { type, rules, groupBy, timespanMs, fields: read } = correlations[0] as NewValueRule;
    assert.deepEqual(
      [type, rules, groupBy, timespanMs, read],
      ['new_value', ['ID-one'], ['user.username'], 14 * 86_400_000, fields],
    );
    assert.deepEqual([...silent], ['ID-one']);
  }
});

test('an alias stands for a field of each rule', () => {
  const body = `${NEW.replace('[one]', '[one, two]').replace('userAgent', 'what')}\naliases: {what: {one: userAgent, two: verb}}`;
  const { correlations, problems, warnings } = parse(correlation(body));
  assert.deepEqual([problems, warnings], [[], []]);
  const read = ['ID-one', 'ID-two'].map((id) => fieldOf([correlations[0]!], 'what', id));
  assert.deepEqual(read, ['userAgent', 'verb']);
});

test('every fault is named with line and column', () => {
  const expected =
    'test.yml:22:3: "field": expected one to 10 paths of fields or names of aliases, found a list.';
  const table: readonly [body: string, problem: string][] = [
    [
      NEW.replace('field: userAgent\n', ''),
      'RULE_INVALID test.yml:18:1: The required attribute "field" is missing from "correlation".',
    ],
    [NEW.replace('userAgent', '[]'), `RULE_INVALID ${expected}`],
    [NEW.replace('userAgent', "['']"), `RULE_INVALID ${expected}`],
    [NEW.replace('userAgent', `[${'a,'.repeat(11)}]`), `RULE_INVALID ${expected}`],
    [
      NEW.replace('userAgent', '{a: b}'),
      'RULE_INVALID test.yml:22:3: "field": expected a list of texts, found a map.',
    ],
    [
      NEW.replace('14d', '12h'),
      'RULE_INVALID test.yml:23:3: "timespan": expected at least 1d, because what groups do is remembered by the day, found "12h".',
    ],
    [
      `${NEW}\ncondition: {gte: 1}`,
      'RULE_INVALID test.yml:24:3: "condition": expected none: a new value is one that is new, found a map.',
    ],
    [
      NEW.replace('new_value', 'event_count').replace(
        'field: userAgent',
        'field: userAgent\ncondition: {gte: 2}',
      ),
      'RULE_INVALID test.yml:22:3: "field": expected none: it belongs to the types "value_…" and "new_value", found "userAgent".',
    ],
    [
      `${NEW}\naliases: {userAgent: {}}`,
      'RULE_INVALID test.yml:24:13: "userAgent" does not say which field of the rule "ID-one" is meant.',
    ],
  ];
  for (const [body, problem] of table) {
    const [first] = parse(correlation(body)).problems;
    assert.equal(first && `${first.code} ${first.where}: ${first.message}`, problem);
  }
});

test('a field that no event has is warned of', () => {
  const { warnings } = parse(correlation(NEW.replace('userAgent', 'useragent')));
  assert.deepEqual(
    warnings.map(({ where, message }) => `${where} ${message}`),
    [
      'test.yml:22:3 looks at nothing: "useragent" is not a field of an audit.k8s.io/v1 Event; perhaps "userAgent" is meant.',
    ],
  );
});
