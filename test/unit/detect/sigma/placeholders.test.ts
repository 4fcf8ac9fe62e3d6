import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { plainEvent } from '../../../../src/detect/sigma/event.ts';
import { parseRules } from '../../../../src/detect/sigma/parse.ts';
import { type PlainEvent, ruleText } from './support.ts';

const LISTS = new Map<string, readonly string[]>([
  ['names', ['alice', 'bob-*']],
  ['numbers', ['1', '2']],
  ['networks', ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7']],
  ['fields', ['objectRef.name', 'objectRef.namespace']],
  ['folder', ['C:\\']],
  ['odd', ['a*b', 'a\\*b', '50%']],
  ['many', Array.from({ length: 1000 }, (_, index) => `n${index}`)],
  ['nobody', []],
]);

function parse(selection: unknown, condition = 'selection') {
  const text = ruleText(stringify({ selection, other: { verb: 'get' }, condition }));
  return parseRules([{ name: 'test.yml', text }], LISTS);
}

function matches(selection: unknown, event: PlainEvent): boolean {
  const { rules, problems } = parse(selection);
  assert.deepEqual(
    problems.map(({ message }) => message),
    [],
  );
  return rules[0]!.matches(plainEvent(event));
}

const agent = (userAgent: string) => ({ userAgent });

test('a placeholder stands for any value of its list, also within a text; several multiply', () => {
  const table: readonly [selection: unknown, event: PlainEvent, verdict: boolean][] = [
    [{ 'userAgent|expand': '%names%' }, agent('Alice'), true],
    [{ 'userAgent|expand': '%names%' }, agent('bob-7'), true],
    [{ 'userAgent|expand': '%names%' }, agent('carol'), false],
    [{ 'userAgent|expand': ['carol', '%names%'] }, agent('carol'), true],
    [{ 'userAgent|expand': 'x-%numbers%-y' }, agent('x-2-y'), true],
    [{ 'userAgent|expand': 'x-%numbers%-y' }, agent('x-3-y'), false],
    [{ 'userAgent|expand': '%numbers%%numbers%' }, agent('12'), true],
    [{ 'userAgent|expand': '%numbers%%numbers%' }, agent('13'), false],
    [{ userAgent: '%names%' }, agent('alice'), false],
    [{ userAgent: '%names%' }, agent('%names%'), true],
    [{ 'userAgent|expand': '\\%plain%numbers%' }, agent('%plain1'), true],
    [{ 'userAgent|expand': '\\\\%numbers%' }, agent('\\1'), true],
    [{ 'userAgent|expand': '100%' }, agent('100%'), true],
    [{ 'userAgent|expand': '%folder%*' }, agent('C:\\x'), true],
    [{ 'userAgent|expand': '%odd%' }, agent('a*b'), true],
    [{ 'userAgent|expand': '%odd%' }, agent('axb'), true],
    [{ 'userAgent|expand': '%odd%' }, agent('50%'), true],
    [{ 'responseStatus.code|expand': '%numbers%' }, { responseStatus: { code: 2 } }, true],
    [['%names%'], agent('see %names%'), true],
    [{ '|expand': '%names%' }, agent('so alice said'), true],
  ];
  for (const [selection, event, verdict] of table) {
    assert.equal(matches(selection, event), verdict, JSON.stringify([selection, event]));
  }
});

test('the other modifiers work on what placeholders make, on whichever side of them they stand', () => {
  const table: readonly [selection: unknown, event: PlainEvent, verdict: boolean][] = [
    [{ 'userAgent|expand|contains': '%names%' }, agent('so alice said'), true],
    [{ 'userAgent|contains|expand': '%names%' }, agent('so alice said'), true],
    [{ 'userAgent|expand|startswith': '%numbers%/' }, agent('2/x'), true],
    [{ 'userAgent|expand|endswith': '%numbers%' }, agent('x1'), true],
    [{ 'userAgent|expand|cased': '%names%' }, agent('Alice'), false],
    [{ 'userAgent|expand|neq': '%names%' }, agent('alice'), false],
    [{ 'userAgent|expand|neq': '%names%' }, agent('carol'), true],
    [{ 'userAgent|expand|contains|all': ['%names%', '%numbers%'] }, agent('alice 1'), true],
    [{ 'userAgent|expand|contains|all': ['%names%', '%numbers%'] }, agent('alice'), false],
    [{ 'userAgent|expand|re': '^v%numbers%$' }, agent('v2'), true],
    [{ 'userAgent|re|expand': '^v%numbers%$' }, agent('v3'), false],
    [{ 'userAgent|expand|re|i': 'ALICE|%numbers%' }, agent('alice'), true],
    [{ 'userAgent|expand|windash|contains': ' -%numbers%' }, agent('x /1'), true],
    [{ 'userAgent|expand|base64offset|contains': 'no%numbers%' }, agent(btoa('xno2')), true],
    [{ 'sourceIPs|expand|cidr': '%networks%' }, { sourceIPs: ['10.9.8.7'] }, true],
    [{ 'sourceIPs|cidr|expand': '%networks%' }, { sourceIPs: ['2001:db8::1'] }, true],
    [{ 'sourceIPs|expand|cidr': '%networks%' }, { sourceIPs: ['192.0.2.8'] }, false],
    [{ 'sourceIPs|expand|cidr|neq': '%networks%' }, { sourceIPs: ['192.0.2.8'] }, true],
    [
      { 'userAgent|expand|fieldref': '%fields%' },
      { userAgent: 'a', objectRef: { name: 'b', namespace: 'a' } },
      true,
    ],
  ];
  for (const [selection, event, verdict] of table) {
    assert.equal(matches(selection, event), verdict, JSON.stringify([selection, event]));
  }
});

test('what a placeholder cannot be is refused', () => {
  const table: readonly [selection: unknown, problem: RegExp][] = [
    [
      { 'userAgent|expand': '%name%' },
      /^RULE_LIST_UNKNOWN: There is no list "name" for the placeholder "%name%"\. Did you mean "names"\?$/,
    ],
    [{ 'userAgent|windash|expand': '%names%' }, /finds no placeholders behind "windash"/],
    [{ 'userAgent|wide|expand': '%names%' }, /finds no placeholders behind "wide"/],
    [{ 'userAgent|expand|base64': '%names%' }, /found wildcards/],
    [{ 'userAgent|expand|all': '%names%' }, /at least two/],
    [{ 'sourceIPs|expand|cidr': '%names%' }, /found "alice"/],
    [{ 'userAgent|expand|re': '%many%' }, /1000 regular expressions/],
    [{ 'userAgent|expand': '%many%%many%%many%' }, /1000000000 values/],
    [{ 'userAgent|expand|exists': '%names%' }, /true or false/],
  ];
  for (const [selection, message] of table) {
    const { problems } = parse(selection);
    assert.equal(problems.length, 1, JSON.stringify(selection));
    assert.match(`${problems[0]!.code}: ${problems[0]!.message}`, message);
  }
});

test('a rule that needs an empty list is kept, off, and says so', () => {
  for (const condition of ['selection', 'other and not selection', 'selection or other']) {
    const { rules, off, problems, warnings } = parse(
      { 'userAgent|expand|startswith': 'x%nobody%' },
      condition,
    );
    assert.deepEqual(problems, []);
    const [rule] = rules;
    assert.equal(rule!.applies, false);
    assert.deepEqual([...off], [rule!.id]);
    assert.equal(rule!.matches(plainEvent({ userAgent: 'x', verb: 'get' })), false);
    assert.deepEqual(
      warnings.map(({ message }) => message).filter((message) => !message.includes('does not use')),
      ['is switched off: its list "nobody" is empty. Fill it, or name a file for it in detect.lists.'],
    );
  }
});

test('every modifier bears an empty list', () => {
  for (const modifiers of [
    'contains',
    'startswith',
    're',
    're|i',
    'cidr',
    'fieldref',
    'windash',
    'base64',
    'cased',
  ]) {
    const { rules, problems } = parse({ [`userAgent|expand|${modifiers}`]: '%nobody%' });
    assert.deepEqual(problems, [], modifiers);
    assert.equal(rules[0]!.applies, false, modifiers);
  }
});

test('a correlation goes with its rules: a sequence with any of them, a count with all', () => {
  const rule = (name: string, list: string) =>
    `title: ${name}\nname: ${name}\nlogsource: {product: kubernetes}\ndetection:\n  a: {verb|expand: "%${list}%"}\n  condition: a\n`;
  const correlation = (name: string, type: string, rules: string) =>
    `title: ${name}\nname: ${name}\ncorrelation: {type: ${type}, rules: [${rules}], timespan: 1m, condition: {gte: 2}}\n`;
  const { off, rules, correlations } = parseRules(
    [
      {
        name: 'test.yml',
        text: [
          rule('on', 'names'),
          rule('off', 'nobody'),
          correlation('ordered', 'temporal_ordered', 'on, off'),
          correlation('counted', 'event_count', 'on, off'),
          correlation('counted_off', 'event_count', 'off'),
        ].join('---\n'),
      },
    ],
    LISTS,
  );
  const names = [...rules, ...correlations].filter(({ id }) => off.has(id)).map(({ name }) => name);
  assert.deepEqual(names, ['off', 'ordered', 'counted_off']);
});
