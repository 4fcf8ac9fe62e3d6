import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { plainEvent } from '../../src/detect/sigma/event.ts';
import { MODIFIERS } from '../../src/detect/sigma/modifiers/registry.ts';
import { parseRules } from '../../src/detect/sigma/parse.ts';
import { WRONG } from '../unit/detect/support.ts';
import { inTime } from './in-time.ts';
import { RUNS } from './runs.ts';
import { shipped } from './shipped.ts';

const vectors = globSync('../conformance/sigma/*.yml', { cwd: import.meta.dirname }).flatMap((file) =>
  (parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as { rule: unknown }[]).map(
    ({ rule }) => rule,
  ),
);

/** Rules to begin with: all that are shipped, and those of the conformance vectors, which have every form. */
const SEEDS = [
  ...shipped.sources.files.map(({ text }) => text),
  ...vectors.map((rule) =>
    typeof rule === 'string'
      ? rule
      : stringify({ title: 'Vector', logsource: { product: 'kubernetes' }, detection: rule }),
  ),
];

/** What has no business in a rule, and what means something there. */
const FRAGMENTS = [
  ...[
    '__proto__: {a: 1}\n',
    'constructor: x\n',
    'toString',
    '<<: *a\n',
    '&a [*a]',
    '*a',
    '!!js/function x',
    '!!binary',
  ],
  ...[
    '|re',
    '|all',
    '|expand',
    '|cidr',
    '|base64offset|contains',
    '|fieldref',
    '|',
    ' and not ',
    '1 of ',
    'them',
    '(',
  ],
  ...[
    '%x%',
    '%allowed_users%',
    '*',
    '?',
    '\\',
    "'",
    '"',
    '{',
    '}',
    '[',
    ']',
    ': ',
    '- ',
    '\n---\n',
    '\t',
    '\u0000',
    '\ufeff',
  ],
  ...[
    'null',
    '~',
    'true',
    '.nan',
    '-.inf',
    '0x1f',
    '1e999',
    '99999999999999999999',
    '\ud800',
    '\u202e',
    'a(b',
    '(?=x)',
  ],
  ...[
    '(a?){999}',
    `${'['.repeat(500)}`,
    `${'{a: '.repeat(500)}`,
    `${'- '.repeat(500)}`,
    `${'not '.repeat(600)}`,
  ],
  `[${'x, '.repeat(5000)}x]`,
  `${'a.'.repeat(100)}a: x\n`,
  'x'.repeat(70_000),
];

interface Edit {
  readonly at: number;
  readonly cut: number;
  readonly put: string;
}

/** Cuts something out of a text and puts something in, once or a few times. */
const edits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat(40),
    put: fc.oneof(fc.constant(''), fc.constantFrom(...FRAGMENTS), fc.string({ maxLength: 10 })),
  }),
  { minLength: 1, maxLength: 5 },
);

function edited(text: string, changes: readonly Edit[]): string {
  return changes.reduce((before, { at, cut, put }) => {
    const from = Math.floor(at * before.length);
    return before.slice(0, from) + put + before.slice(from + cut);
  }, text);
}

/** Parses, and holds what came of it to its promises: problems have a place, rules bear any event. */
function parseSafely(text: string): void {
  const set = inTime(() => parseRules([{ name: 'x.yml', text }], shipped.sources.lists));
  for (const { code, where, message } of set.problems) {
    assert.match(code, /^RULE_/);
    assert.match(where ?? '', /^x\.yml:\d+:\d+$/);
    assert.ok(message.length > 0);
  }
  const events = [{}, { verb: 'get', user: null, a: [1, { b: '' }] }].map(plainEvent);
  for (const rule of set.rules)
    for (const event of events) assert.equal(typeof rule.matches(event), 'boolean');
}

suite('rules', () => {
  test('texts that were rules once are read or refused', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SEEDS), edits, (seed, changes) => parseSafely(edited(seed, changes))),
      { numRuns: RUNS },
    );
  });

  test('rules of hostile values are read or refused', () => {
    const names = [...MODIFIERS.keys()];
    const hostile = fc.constantFrom<unknown>(...WRONG, ...FRAGMENTS, 1.5, Number.NaN, 2 ** 60);
    const value = fc.oneof(hostile, fc.string(), fc.array(hostile, { maxLength: 4 }));
    const key = fc
      .tuple(
        fc.constantFrom('verb', 'user.username', '', '__proto__', 'a[0].b', 'constructor', 'x'.repeat(300)),
        fc.array(fc.constantFrom(...names, 'x', ''), { maxLength: 4 }),
      )
      .map(([field, modifiers]) => [field, ...modifiers].join('|'));
    const selection = fc.dictionary(key, value, { maxKeys: 4, noNullPrototype: true });
    const condition = fc
      .array(fc.constantFrom('a', 'b', 'and', 'or', 'not', '(', ')', '1', 'all', 'of', 'them', 'a*', '|'), {
        maxLength: 12,
      })
      .map((words) => words.join(' '));
    const document = fc.record({
      title: fc.oneof({ weight: 9, arbitrary: fc.constant('a') }, hostile),
      logsource: fc.oneof({ weight: 9, arbitrary: fc.constant({ product: 'kubernetes' }) }, hostile),
      detection: fc.record({
        a: fc.oneof(selection, fc.array(selection, { maxLength: 3 }), value),
        b: selection,
        condition: fc.oneof(condition, fc.array(condition, { maxLength: 3 }), hostile),
      }),
      level: hostile,
    });
    fc.assert(
      fc.property(document, (rule) => parseSafely(JSON.stringify(rule))),
      { numRuns: RUNS },
    );
  });

  test('as large as it gets, a file is read in its time', () => {
    const head = 'title: a\nlogsource: {product: kubernetes}\ndetection:\n  a:\n    verb';
    const tail = '\n  condition: a\n';
    const list = `:\n${'      - value\n'.repeat(200_000)}`;
    const { rules, problems } = inTime(() => parseRules([{ name: 'x.yml', text: head + list + tail }]));
    assert.deepEqual([rules.length, problems.length], [1, 0]);
    const many = `${head}: get${tail}---\n`.repeat(5000);
    assert.equal(inTime(() => parseRules([{ name: 'x.yml', text: many }])).problems.length, 4999);
  });
});

suite('regular expressions', () => {
  test('none takes longer over an event than the bound', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '\\b', '^', '$', ' ', '');
    const quantifier = fc.constantFrom('', '*', '+', '?', '{2,9}', '{0,50}', '{100}', '*?', '+?');
    const { expression } = fc.letrec<{ expression: string }>((tie) => ({
      expression: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        atom,
        fc.tuple(atom, quantifier).map((parts) => parts.join('')),
        fc.array(tie('expression'), { minLength: 2, maxLength: 4 }).map((parts) => parts.join('')),
        fc.array(tie('expression'), { minLength: 2, maxLength: 3 }).map((parts) => `(?:${parts.join('|')})`),
        fc.tuple(tie('expression'), quantifier).map(([inner, count]) => `(${inner})${count}`),
      ),
    }));
    const texts = ['a', 'ab', 'aab ', 'aaaaaaaaaab'].map((part) => `${part.repeat(4000)}!`);
    const event = plainEvent({ userAgent: texts });
    fc.assert(
      fc.property(expression, fc.constantFrom('', '|i', '|m', '|s'), (source, flags) => {
        const selection = { [`userAgent|re${flags}`]: source };
        const text = stringify({
          title: 'a',
          logsource: { product: 'kubernetes' },
          detection: { selection, condition: 'selection' },
        });
        const [rule] = inTime(() => parseRules([{ name: 'x.yml', text }])).rules;
        if (rule) inTime(() => rule.matches(event));
      }),
      { numRuns: RUNS },
    );
  });
});

suite('large events', () => {
  const long = 'ab'.repeat(1_000_000);
  const numbers = Array.from({ length: 200_000 }, (_, index) => index);
  const events = {
    'one text of two million characters': { field: long, other: long, 'a b': long },
    'two hundred thousand texts': { field: numbers.map(String), other: numbers.map((index) => `x${index}`) },
    'two hundred thousand keys': { field: Object.fromEntries(numbers.map((index) => [`k${index}`, 'v'])) },
    'a hundred thousand levels': { field: JSON.parse(`${'[{"a":'.repeat(50_000)}1${'}]'.repeat(50_000)}`) },
  };
  const words = Array.from({ length: 500 }, (_, index) => `word${index}`);
  const selections: readonly unknown[] = [
    { field: words },
    { field: words.map((word) => `*${word}?*x`) },
    { field: `${'*b?'.repeat(50)}x` },
    { 'field|contains': words },
    { 'field|startswith': 'abc', 'field|endswith': 'abc' },
    { 'field|contains|all|cased': ['abb', 'ba'] },
    { 'field|neq': words },
    { 'field|re': '(?:a?b?)*c' },
    { 'field|re|i': 'x[ab]{20}$' },
    { 'field|windash|contains': ' -a -b' },
    { 'field|wide|base64offset|contains': 'secret' },
    { 'field|cidr': ['10.0.0.0/8', '::/0'] },
    { 'field|gt': 1e9 },
    { 'field|hour': 3 },
    { 'field|fieldref': 'other' },
    { 'field|fieldref|contains': 'other' },
    { 'field|fieldref|startswith|cased': 'other' },
    { 'field.a.a.a|exists': true },
    { 'field[7].a': 'x' },
    { field: null },
    words,
    ['*b?b?x*'],
    { '|all': words.slice(0, 50) },
    { '|re': 'x[ab]+$' },
  ];
  for (const [name, fields] of Object.entries(events)) {
    test(`${name} are judged in time in proportion`, () => {
      for (const selection of selections) {
        const text = stringify({
          title: 'a',
          logsource: { product: 'kubernetes' },
          detection: { selection, condition: 'selection' },
        });
        const { rules, problems } = parseRules([{ name: 'x.yml', text }]);
        assert.deepEqual(problems, []);
        inTime(() => rules[0]!.matches(plainEvent(fields)));
      }
    });
  }
});
