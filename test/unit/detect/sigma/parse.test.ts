import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { plainEvent } from '../../../../src/detect/sigma/event.ts';
import { parseRules } from '../../../../src/detect/sigma/parse.ts';
import { compile, parse, problemsOf, ruleText } from './support.ts';

const HEAD = 'title: Test\nlogsource: {product: kubernetes, service: audit}\n';
const DETECTION = 'detection:\n  selection:\n    verb: create\n  condition: selection\n';

test('a whole rule keeps all that it says', () => {
  const rule = compile(`title: Privileged Pod
id: 929a690e-bef0-4204-a928-ef5e620d6fcc
name: privileged_pod
related:
  - {id: 08fbc97d-0a2f-491c-ae21-8ffcfd3174e9, type: derived}
status: experimental
description: A pod.
license: MIT
references: [a, b]
author: Somebody
date: 2024-07-11
modified: 2024/07/12
tags: [attack.t1611, gatewatch.ac08]
logsource: {category: application, product: kubernetes, service: audit, definition: any}
detection:
  selection:
    verb: create
  condition: selection
fields: [verb]
falsepositives: Unknown
level: high
scope: [server]
suppress: {for: 1h, by: [user.username]}
`);
  const { matches, expression, items, ...data } = rule;
  assert.deepEqual(data, {
    id: '929a690e-bef0-4204-a928-ef5e620d6fcc',
    name: 'privileged_pod',
    title: 'Privileged Pod',
    status: 'experimental',
    level: 'high',
    description: 'A pod.',
    references: ['a', 'b'],
    author: 'Somebody',
    date: '2024-07-11',
    modified: '2024/07/12',
    tags: ['attack.t1611', 'gatewatch.ac08'],
    falsepositives: ['Unknown'],
    custom: { suppress: { for: '1h', by: ['user.username'] } },
    file: 'test.yml',
    where: 'test.yml:1:1',
    logsource: { category: 'application', product: 'kubernetes', service: 'audit' },
    applies: true,
    fields: ['verb'],
  });
  assert.equal(matches(plainEvent({ verb: 'create' })), true);
  assert.deepEqual(
    items.map(({ field }) => field),
    ['verb'],
  );
  assert.equal(expression.kind, 'item');
});

test('what a rule leaves out has a default; its id depends on its title and the name of its file', () => {
  const text = HEAD + DETECTION;
  const ids = ['a/x.yml', 'b/x.yml', 'b\\x.yml', 'y.yml'].map(
    (name) => parseRules([{ name, text }]).rules[0]!.id,
  );
  assert.match(ids[0]!, /^[0-9a-f]{32}$/);
  assert.equal(ids[1], ids[0]);
  assert.equal(ids[2], ids[0]);
  assert.notEqual(ids[3], ids[0]);
  const rule = compile(text);
  assert.equal(rule.level, 'medium');
  assert.deepEqual([rule.tags, rule.references, rule.falsepositives, rule.custom], [[], [], [], {}]);
});

test('several documents a file; empty ones do not count; a faulty one leaves the others alone', () => {
  const good = (title: string) => `title: ${title}\nlogsource: {product: kubernetes}\n${DETECTION}`;
  const { rules, problems } = parse(
    `---\n${good('One')}---\n---\n# nothing\n---\ntitle: Two\n---\n${good('Three')}`,
  );
  assert.deepEqual(
    rules.map(({ title, where }) => [title, where]),
    [
      ['One', 'test.yml:2:1'],
      ['Three', 'test.yml:14:1'],
    ],
  );
  assert.equal(problems.length, 2);
});

test('every fault is named with line and column, and what is expected', () => {
  const table: readonly [text: string, ...problems: string[]][] = [
    [
      'title: [',
      'RULE_NOT_YAML test.yml:1:9: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    [`title: a\n${HEAD}`, 'RULE_NOT_YAML test.yml:2:1: Map keys must be unique'],
    ['- a\n', 'RULE_INVALID test.yml:1:1: Expected a map that begins with "title".'],
    ['just text', 'RULE_INVALID test.yml:1:1: Expected a map that begins with "title".'],
    [
      'level: high',
      'RULE_INVALID test.yml:1:1: The required attribute "title" is missing.',
      'RULE_INVALID test.yml:1:1: The required attribute "logsource" is missing.',
      'RULE_INVALID test.yml:1:1: The required attribute "detection" is missing.',
    ],
    [
      'title: a\nlogsource: {product: kubernetes}\ndetections: {}',
      'RULE_INVALID test.yml:1:1: The required attribute "detection" is missing. Did you mean "detections"?',
    ],
    [
      `${HEAD}level: hihg\nstatus: 7\nid: 5\ntags: [1]\n${DETECTION}`,
      'RULE_INVALID test.yml:5:1: "id": expected a text of at most 256 characters, found the number 5.',
      'RULE_INVALID test.yml:4:1: "status": expected one of stable, test, experimental, deprecated, unsupported, found the number 7.',
      'RULE_INVALID test.yml:3:1: "level": expected one of informational, low, medium, high, critical, found "hihg". Did you mean "high"?',
      'RULE_INVALID test.yml:6:1: "tags": expected a list of texts, found a list.',
    ],
    [
      `title: a\nlogsource: kubernetes\n${DETECTION}`,
      'RULE_INVALID test.yml:2:1: "logsource": expected a map with "product" and "service", found "kubernetes".',
    ],
    [
      `title: a\nlogsource:\n  product: [kubernetes]\n${DETECTION}`,
      'RULE_INVALID test.yml:3:3: "product": expected a text of at most 256 characters, found a list.',
    ],
    [
      `${HEAD}taxonomy: ecs\n${DETECTION}`,
      'RULE_UNSUPPORTED test.yml:3:1: The taxonomy "ecs" is not known; fields must be named as the audit event names them.',
    ],
    [
      `${HEAD}detection: selection`,
      'RULE_INVALID test.yml:3:1: "detection": expected a map of search identifiers and a condition, found "selection".',
    ],
    [
      `${HEAD}detection:\n  a: {verb: get}`,
      'RULE_INVALID test.yml:3:1: The required attribute "condition" is missing from "detection".',
    ],
    [
      `${HEAD}detection:\n  a: {verb: get}\n  conditions: a`,
      'RULE_INVALID test.yml:3:1: The required attribute "condition" is missing from "detection". Did you mean "conditions"?',
    ],
    [
      `${HEAD}detection:\n  a: {verb: get}\n  condition: [a, 7]`,
      'RULE_INVALID test.yml:5:18: "condition": expected a text, found the number 7.',
    ],
    [
      `${HEAD}detection:\n  a: {verb: get}\n  condition: []`,
      'RULE_INVALID test.yml:5:3: "condition": expected a text, found an empty list.',
    ],
    [
      `${HEAD}detection:\n  a: {verb: get}\n  condition: 'a or b'`,
      'RULE_INVALID test.yml:5:20: "b" is not a search identifier of this rule.',
    ],
    [
      `${HEAD}detection:\n  a b: {verb: get}\n  condition: a`,
      'RULE_INVALID test.yml:4:3: "a b" cannot name a search identifier: expected letters, digits, "_", "-" and ".", and no word of the condition\'s own.',
    ],
    [
      `${HEAD}detection:\n  a: {}\n  condition: a`,
      'RULE_INVALID test.yml:4:3: Expected at least one field, found an empty map.',
    ],
    [
      `${HEAD}detection:\n  a: []\n  condition: a`,
      'RULE_INVALID test.yml:4:3: Expected at least one map or keyword, found an empty list.',
    ],
    [
      `${HEAD}detection:\n  a:\n  condition: a`,
      'RULE_INVALID test.yml:4:5: Expected a keyword, found nothing.',
    ],
    [
      `${HEAD}detection:\n  a:\n    verb|contain: get\n    user|x: 1\n  condition: b`,
      'RULE_INVALID test.yml:5:5: "contain" is not a modifier of Sigma. Did you mean "contains"?',
      'RULE_INVALID test.yml:6:5: "x" is not a modifier of Sigma.',
    ],
    [
      `${HEAD}detection:\n  a:\n    - verb: get\n    - userAgent|re:\n        - good\n        - ba(d\n  condition: a`,
      'RULE_REGEX_INVALID test.yml:8:11: error parsing regexp: missing closing ): `ba(d`.',
    ],
    [
      `${HEAD}detection:\n  a: {verb: get}\n  timeframe: 5m\n  condition: a`,
      'RULE_INVALID test.yml:5:3: Sigma 2 has no "timeframe". Write a correlation rule with a "timespan".',
    ],
    [
      'action: global\ntitle: a',
      'RULE_INVALID test.yml:1:1: Sigma 2 has no rule collections ("action: global", "reset", "repeat"). Write every rule in full; within one, anchors and aliases of YAML share parts.',
    ],
    [
      `${HEAD}related: {id: a}\nscope: [1]\nlicense: 7\n${DETECTION}`,
      'RULE_INVALID test.yml:5:1: "license": expected a text of at most 256 characters, found the number 7.',
      'RULE_INVALID test.yml:4:1: "scope": expected a list of texts, found a list.',
      'RULE_INVALID test.yml:3:1: "related": expected a list of maps with "id" and "type", found a map.',
    ],
  ];
  for (const [text, ...problems] of table) assert.deepEqual(problemsOf(text), problems);
});

test('a problem explains itself with its remedy', () => {
  const [problem] = parse(ruleText('a: {verb|exists: maybe}\ncondition: a')).problems;
  assert.equal(
    problem!.explain(),
    'RULE_INVALID at test.yml:4:22: The modifier "exists" expects one value, true or false. Correct the line and column named; the message says what is expected there.',
  );
});

test('two rules with one id, or one name, name each other', () => {
  const rule = (id: string, name: string) => `id: ${id}\nname: ${name}\n${HEAD}${DETECTION}`;
  const { rules, problems } = parseRules([
    { name: 'a.yml', text: rule('X1', 'one') },
    { name: 'b.yml', text: rule('x1', 'two') },
    { name: 'c.yml', text: rule('x2', 'ONE') },
  ]);
  assert.deepEqual(
    rules.map(({ file }) => file),
    ['a.yml'],
  );
  assert.deepEqual(
    problems.map(({ code, where, message }) => `${code} ${where}: ${message}`),
    [
      'RULE_DUPLICATE_ID b.yml:1:5: The id "x1" is also that of the rule at a.yml:1:1.',
      'RULE_INVALID c.yml:2:7: The name "ONE" is also that of the rule at a.yml:1:1.',
    ],
  );
});

test('a rule for another log source is accepted, matches nothing and says so', () => {
  for (const logsource of [
    '{product: windows}',
    '{product: kubernetes, service: application}',
    '{category: webserver}',
  ]) {
    const { rules, warnings, problems } = parse(`title: a\nlogsource: ${logsource}\n${DETECTION}`);
    assert.deepEqual(problems, []);
    assert.equal(rules[0]!.applies, false);
    assert.equal(rules[0]!.matches(plainEvent({ verb: 'create' })), false);
    assert.deepEqual(
      warnings.map(({ where, message }) => `${where} ${message}`),
      ['test.yml:2:1 can never match: its log source is not product "kubernetes", service "audit".'],
    );
  }
  assert.equal(parse(`title: a\nlogsource: {product: kubernetes}\n${DETECTION}`).rules[0]!.applies, true);
});

test('attributes that look like a slip of the pen, and search identifiers that nobody reads, are warned of', () => {
  const { warnings, rules } = parse(
    `${HEAD}falsepositive: [a]\nowner: me\nrelated: [{id: x, type: obsoletes}]\ndetection:\n  a: {verb: get}\n  b: {verb: list}\n  condition: a`,
  );
  assert.deepEqual(rules[0]!.custom, { falsepositive: ['a'], owner: 'me' });
  assert.deepEqual(
    warnings.map(({ where, message, rule }) => [where, message, rule === rules[0]!.id]),
    [
      [
        'test.yml:5:19',
        '"type" of a related rule is one of correlation, derived, obsolete, merged, renamed, similar; found "obsoletes".',
        true,
      ],
      [
        'test.yml:3:1',
        '"falsepositive" is kept as an attribute of your own; Sigma calls its attribute "falsepositives".',
        true,
      ],
      ['test.yml:8:3', 'The condition does not use "b".', true],
    ],
  );
});

test('hostile YAML is refused, not suffered', () => {
  const bomb = `a: &a [x, x]\n${'bcdefghij'
    .split('')
    .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[index]}`).join(', ')}]`)
    .join('\n')}\n`;
  for (const text of [bomb, `a: ${'['.repeat(100_000)}`, `a: ${'{a: '.repeat(20_000)}`, 'a: *nobody']) {
    const { rules, problems } = parse(text);
    assert.deepEqual(rules, []);
    assert.ok(problems.length > 0);
    assert.ok(problems.every(({ where }) => /^test\.yml:\d+:\d+$/.test(where!)));
  }
  const { rules } = parse(`__proto__: {polluted: 1}\n${HEAD}${DETECTION}`);
  assert.ok(Object.hasOwn(rules[0]!.custom, '__proto__'));
  assert.equal('polluted' in rules[0]!.custom, false);
});

test('anchors of YAML may be used', () => {
  const rule = compile(`${HEAD}detection:\n  a: &a {verb: get}\n  b: *a\n  condition: b and a`);
  assert.equal(rule.matches(plainEvent({ verb: 'get' })), true);
  const merged = compile(
    `${HEAD}detection:\n  a: &a {verb: get, stage: Panic}\n  b:\n    <<: *a\n    verb: list\n  condition: b`,
  );
  assert.equal(merged.matches(plainEvent({ verb: 'list', stage: 'Panic' })), true);
  assert.equal(merged.matches(plainEvent({ verb: 'get', stage: 'Panic' })), false);
});

test('whatever a rule says, it is compiled or refused, and its problems have a place', () => {
  const keys = fc.constantFrom(
    ...[
      'title',
      'id',
      'logsource',
      'detection',
      'correlation',
      'condition',
      'selection',
      'type',
      'rules',
      'aliases',
    ],
    ...[
      'group-by',
      'timespan',
      'verb',
      'verb|re',
      'verb|contains|all',
      '|all',
      'verb|fieldref',
      'verb|hour|gt',
      'a|b',
    ],
  );
  const leaf = fc.oneof(
    fc.constantFrom<unknown>(
      'event_count',
      'temporal_ordered',
      '1m',
      'selection',
      '1 of them',
      '(',
      'a*',
      null,
      0,
    ),
    fc.string(),
    fc.double(),
    fc.boolean(),
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'medium' },
      leaf,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(keys, tie('tree'), { maxKeys: 5 }),
    ),
  }));
  const document = fc.record(
    {
      title: leaf,
      logsource: tree,
      detection: fc.dictionary(keys, tree),
      correlation: fc.dictionary(keys, tree),
    },
    { requiredKeys: ['title'] },
  );
  fc.assert(
    fc.property(document, fc.string(), (value, noise) => {
      const { rules, correlations, problems } = parse(`${stringify(value)}---\n${noise}`);
      assert.ok(rules.length + correlations.length + problems.length > 0);
      for (const { where } of problems) assert.match(where!, /^test\.yml:\d+:\d+$/);
      for (const rule of rules)
        rule.matches(plainEvent({ verb: 'create', stage: ['x'], objectRef: { name: 7 } }));
    }),
    { numRuns: 500 },
  );
});
