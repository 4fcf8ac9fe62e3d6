import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldOf, groupFields } from '../../../../src/detect/sigma/model.ts';
import { chained } from './correlations.ts';
import { parse, problemsOf } from './support.ts';

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
    'RULE_UNSUPPORTED test.yml:22:11: The correlation "new" is of type "new_value", which no other correlation sees. Name the rules that it refers to.',
  ]);
  assert.deepEqual(problemsOf(`${chained(['a', 'one'])}---\n${fresh('a')}`), [
    'RULE_UNSUPPORTED test.yml:30:11: A correlation of type "new_value" looks at matches of rules; "a" is a correlation. Name the rules that it refers to.',
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
