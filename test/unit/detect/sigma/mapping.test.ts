import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { plainEvent } from '../../../../src/detect/sigma/event.ts';
import type { RuleSet } from '../../../../src/detect/sigma/model.ts';
import { parseRules } from '../../../../src/detect/sigma/parse.ts';
import { type PlainEvent, ruleText } from './support.ts';

const file = (text: string, name = 'map.yml') => ({ name, text });

/** A mapping of one transformation. */
const mapping = (names: object, fields: object = {}, top: object = {}) =>
  file(
    stringify({
      name: 'own',
      ...top,
      transformations: [{ id: 'a', type: 'field_name_mapping', mapping: names, ...fields }],
    }),
  );

const prefixes = (names: object, top: object = {}) =>
  mapping(names, { type: 'field_name_prefix_mapping' }, top);

function parse(selection: unknown, ...mappings: { name: string; text: string }[]): RuleSet {
  const text = ruleText(stringify({ selection, condition: 'selection' }));
  return parseRules([{ name: 'test.yml', text }], new Map(), mappings);
}

/** Whether a selection matches an event under the mappings. */
function verdict(
  selection: unknown,
  event: PlainEvent,
  ...mappings: { name: string; text: string }[]
): boolean {
  const { rules, problems, warnings } = parse(selection, ...mappings);
  assert.deepEqual([...problems, ...warnings], []);
  return rules[0]!.matches(plainEvent(event));
}

const POD = {
  verb: 'create',
  objectRef: { resource: 'pods', namespace: 'dev' },
  requestObject: { a: 1, b: null },
};

test('a name stands for a field, with every modifier', () => {
  const own = mapping({ what: 'objectRef.resource', who: 'user.username' });
  assert.equal(verdict({ what: 'pods' }, POD, own), true);
  assert.equal(verdict({ 'what|startswith': ['x', 'po'] }, POD, own), true);
  assert.equal(verdict({ 'what|re': '^p.ds$', verb: 'create' }, POD, own), true);
  assert.equal(verdict({ 'who|exists': false }, POD, own), true);
  assert.equal(verdict({ what: null }, POD, own), false);
  assert.equal(verdict({ 'what|fieldref': 'what' }, POD, own), true);
  assert.equal(
    verdict({ 'verb|fieldref': 'what' }, { verb: 'pods', ...POD.objectRef, objectRef: POD.objectRef }, own),
    true,
  );
});

test('of several fields any will do, and all for what must not be', () => {
  const own = mapping({ any: ['requestObject.x', 'requestObject.y'] });
  const of = (x: unknown, y: unknown) => ({ verb: 'create', requestObject: { x, y } });
  const both = of('one', 'two');
  assert.equal(verdict({ any: 'two' }, both, own), true);
  assert.equal(verdict({ any: '*' }, of('one', undefined), own), true);
  assert.equal(verdict({ any: 'three' }, both, own), false);
  assert.equal(verdict({ 'any|exists': true }, of(undefined, 1), own), true);
  assert.equal(verdict({ 'any|exists': false }, of(undefined, 1), own), false);
  assert.equal(verdict({ 'any|exists': false }, of(undefined, undefined), own), true);
  assert.equal(verdict({ 'any|neq': 'two' }, both, own), false);
  assert.equal(verdict({ 'any|neq': 'three' }, both, own), true);
  assert.equal(verdict({ any: null }, of('one', undefined), own), false);
  assert.equal(verdict({ any: null }, of(undefined, null), own), true);
  assert.equal(verdict({ any: [null, 'two'] }, of('one', undefined), own), false);
  assert.equal(verdict({ any: [null, 'two'] }, both, own), true);
  assert.equal(verdict({ any: [null, 'two'] }, of(undefined, undefined), own), true);
});

test('a prefix is replaced, the first that fits', () => {
  const own = prefixes({
    'k.audit.annotations.a_b/': 'annotations.a.b/',
    'k.audit.': '',
    'k.': ['user.', 'impersonatedUser.'],
  });
  assert.equal(verdict({ 'k.audit.objectRef.resource': 'pods' }, POD, own), true);
  assert.equal(verdict({ 'k.audit.annotations.a_b/c': 'x' }, { annotations: { 'a.b/c': 'x' } }, own), true);
  for (const who of ['user', 'impersonatedUser'])
    assert.equal(verdict({ 'k.username': 'eve' }, { [who]: { username: 'eve' } }, own), true);
  // Nothing would be left of a name that is a prefix alone.
  assert.match(parse({ 'k.audit.': 'x' }, own).warnings[0]!.message, /"k\.audit\." is not a field/);
});

test('mappings follow each other by priority, then as they were given', () => {
  const first = mapping({ a: 'b' }, {}, { priority: 5 });
  const second = mapping({ b: 'verb' }, {}, { priority: 10 });
  const none = mapping({ a: 'stage' }, {}, { priority: 7 });
  assert.equal(verdict({ a: 'create' }, POD, second, none, first), true);
  assert.equal(verdict({ a: 'create' }, POD, mapping({ a: 'verb' }), mapping({ a: 'stage' })), true);
});

test('a mapping may be for rules of a log source', () => {
  const only = (source: object) =>
    parse({ a: 'create' }, mapping({ a: 'verb' }, { rule_conditions: [{ type: 'logsource', ...source }] }))
      .mapped.length;
  assert.equal(only({ product: 'kubernetes' }), 1);
  assert.equal(only({ product: 'Kubernetes', service: 'audit' }), 1);
  assert.equal(only({ product: 'windows' }), 0);
  assert.equal(only({ category: 'application' }), 0);
});

test('a mapping may be for items of certain values', () => {
  const decision = (condition: object) =>
    mapping(
      { 'responseStatus.code': 'annotations.decision' },
      {
        detection_item_conditions: [
          { type: 'match_string', cond: 'any', pattern: '(?i)allow', ...condition },
        ],
      },
    );
  const mapped = (selection: unknown, condition: object = {}) =>
    parse(selection, decision(condition)).mapped.length;
  assert.equal(mapped({ 'responseStatus.code': 'ALLOW' }), 1);
  assert.equal(mapped({ 'responseStatus.code': ['ALLOW', 403] }), 1);
  assert.equal(mapped({ 'responseStatus.code': ['ALLOW', 403] }, { cond: 'all' }), 0);
  assert.equal(mapped({ 'responseStatus.code': ['ALLOW', 'allowed'] }, { cond: 'all' }), 1);
  assert.equal(mapped({ 'responseStatus.code': 403 }), 0);
  assert.equal(mapped({ 'responseStatus.code': '403' }, { negate: true }), 1);
  assert.equal(mapped({ 'responseStatus.code|contains': 'allow' }), 0, 'begins with a wildcard');
  assert.equal(mapped({ 'responseStatus.code|contains': 'allow' }, { pattern: '\\*allow\\*$' }), 1);
  assert.equal(mapped({ 'responseStatus.code': 'disallow' }), 0, 'from the beginning');
  assert.equal(
    verdict({ 'responseStatus.code': 'ALLOW' }, { annotations: { decision: 'allow' } }, decision({})),
    true,
  );
});

test('what events have keeps its meaning', () => {
  const refused = (names: object, fields: object = {}) =>
    parse({ verb: 'create' }, mapping(names, fields)).problems.map(({ code, where }) => `${code} ${where}`);
  assert.deepEqual(refused({ verb: 'stage' }), ['RULE_INVALID map.yml:6:7']);
  for (const name of [
    'objectRef',
    'user.username',
    'gatewatch.outcome',
    'annotations.x',
    'requestObject.spec',
  ])
    assert.equal(refused({ [name]: 'stage' }).length, 1, name);
  for (const prefix of ['', 'user.', 'annotations.', 'requestObject.spec.'])
    assert.equal(refused({ [prefix]: 'x.' }, { type: 'field_name_prefix_mapping' }).length, 1, prefix);
  // A prefix that is not a whole name.
  assert.equal(verdict({ 'objectRef.resource': 'pods' }, POD, prefixes({ object: 'x' })), true);
});

test('correlations group by the fields that names stand for', () => {
  const rules = `title: A\nname: a\nlogsource: {product: kubernetes, service: audit}\ndetection: {s: {verb: get}, condition: s}\n---\ntitle: C\ncorrelation: {type: event_count, rules: [a], group-by: [who, alias], timespan: 5m, condition: {gte: 2}, aliases: {alias: {a: what}}}\n`;
  const own = mapping({
    who: ['user.username', 'impersonatedUser.username'],
    what: 'objectRef.name',
    alias: 'verb',
  });
  const { correlations, problems, warnings } = parseRules([file(rules)], new Map(), [own]);
  assert.deepEqual([...problems, ...warnings], []);
  const [{ groupBy, aliases }] = correlations as [(typeof correlations)[0]];
  assert.deepEqual(groupBy, ['user.username', 'impersonatedUser.username', 'alias']);
  assert.deepEqual([...aliases.get('alias')!.values()], ['objectRef.name']);
});

test('what was mapped is told with its place', () => {
  const { mapped } = parse(
    { what: 'pods', 'what|neq': 'x', verb: 'create' },
    mapping({ what: ['objectRef.resource', 'objectRef.name'] }),
  );
  assert.deepEqual(
    mapped.map(({ where, message }) => `${where} ${message}`),
    [
      'test.yml:5:7 "what" is read as objectRef.resource, objectRef.name: mapping "own" (map.yml).',
      'test.yml:6:7 "what" is read as objectRef.resource, objectRef.name: mapping "own" (map.yml).',
    ],
  );
});

test('what is wrong with a mapping is told with its place, and what else a pipeline may do is refused', () => {
  const table: [text: string, problems: string[]][] = [
    ['- a', ['RULE_INVALID map.yml:1:1']],
    ['a: [', ['RULE_NOT_YAML map.yml:1:5']],
    ['name: x\n', ['RULE_INVALID map.yml:1:1']],
    ['name: x\npriority: high\ntransformations: []\n', ['RULE_INVALID map.yml:2:1']],
    ['name: x\ntransformations: [1]\n', ['RULE_INVALID map.yml:2:1']],
    ['transformations:\n  - type: set_state\n    mapping: {a: verb}\n', ['RULE_INVALID map.yml:2:5']],
    ['transformations:\n  - mapping: {a: verb}\n', ['RULE_INVALID map.yml:2:5']],
    ['transformations:\n  - type: field_name_mapping\n', ['RULE_INVALID map.yml:2:5']],
    [
      'transformations:\n  - type: field_name_mapping\n    mapping: {a: [], b: 7, c: [verb, ""]}\n',
      [
        'RULE_INVALID map.yml:3:15',
        'RULE_INVALID map.yml:3:22',
        'RULE_INVALID map.yml:3:22',
        'RULE_INVALID map.yml:3:28',
      ],
    ],
    ['transformations: []\nfinalizers: []\n', ['RULE_UNSUPPORTED map.yml:2:1']],
    [
      'transformations:\n  - type: field_name_mapping\n    mapping: {a: verb}\n    field_name_conditions: []\n',
      ['RULE_UNSUPPORTED map.yml:4:5'],
    ],
    [
      'transformations:\n  - type: field_name_mapping\n    mapping: {a: verb}\n    rule_conditions: [{type: tag, tag: x}]\n',
      ['RULE_UNSUPPORTED map.yml:4:35', 'RULE_INVALID map.yml:4:24'],
    ],
    [
      'transformations:\n  - type: field_name_mapping\n    mapping: {a: verb}\n    detection_item_conditions:\n      - {type: match_string, cond: some, pattern: "a(?=b)"}\n',
      ['RULE_INVALID map.yml:5:30', 'RULE_REGEX_INVALID map.yml:5:51'],
    ],
  ];
  for (const [text, expected] of table) {
    const { problems } = parse({ a: 'x' }, file(text));
    assert.deepEqual(
      problems.map(({ code, where }) => `${code} ${where}`),
      expected,
      text,
    );
  }
});
