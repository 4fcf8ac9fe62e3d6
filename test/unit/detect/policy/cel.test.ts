import assert from 'node:assert/strict';
import test from 'node:test';
import { alwaysOf, expressionExtent, isConstant } from '../../../../src/detect/policy/cel.ts';

test('expressions that are true or false whatever they look at', () => {
  for (const expression of [
    'true',
    ' ( true ) ',
    '((true))',
    '!false',
    '!(false)',
    '!!true',
    '1 == 1',
    '1 < 2 // always',
    "'a' == 'a'",
    '"a" != "b"',
    'true || object.spec.hostNetwork',
    'object.spec.hostNetwork || true',
    '(object.spec.hostNetwork == true) || (1 == 1)',
    'object.metadata.name == object.metadata.name',
    'true && true',
    'true ? true : object.x',
    'object.x ? true : true',
    'object.x ? true : (1 == 1)',
    '!(false && object.x)',
  ]) {
    assert.equal(alwaysOf(expression), true, expression);
  }
  for (const expression of [
    'false',
    '!true',
    '1 == 2',
    '2 < 1',
    "'a' == 'b'",
    'object.x && false',
    '!(true || object.x)',
    'object.metadata.name != object.metadata.name',
    'false ? object.x : false',
  ]) {
    assert.equal(alwaysOf(expression), false, expression);
  }
});

test('expressions that depend on what they look at', () => {
  for (const expression of [
    '',
    'object.spec.hostNetwork',
    'object.x || false',
    'object.x && true',
    "'true'",
    '"x || true"',
    'size(object.x) > 0',
    'object.?x.orValue(true)',
    '[true].all(x, x)',
    'true + true',
    '1 == "1"',
    'has(object.x) ? true : false',
    '(true',
    'true)',
    'x == "a" || y == "true || 1 == 1"',
    `${'('.repeat(5000)}true${')'.repeat(5000)}`,
    `true${' || x'.repeat(5000)}`,
  ]) {
    assert.equal(alwaysOf(expression), undefined, expression.slice(0, 40));
  }
});

test('what one expression accepts beside another', () => {
  const cases: readonly [before: string, after: string, extent: string][] = [
    ['a', 'a', 'equal'],
    ['a == b', '( a==b )', 'equal'],
    ['a', 'true', 'wider'],
    ['a', 'a || b', 'wider'],
    ['a', 'b || a', 'wider'],
    ['a && b', 'a', 'wider'],
    ['a && b', 'b && a', 'equal'],
    ['(a && b)', '(a && b) || c', 'wider'],
    ['a && b', 'a || b', 'wider'],
    ['a && b', 'c || b', 'wider'],
    ['a || b', 'b && c', 'narrower'],
    ['a && b', 'c || d', 'unclear'],
    ['a', 'false', 'narrower'],
    ['a || b', 'a', 'narrower'],
    ['a', 'a && b', 'narrower'],
    ['true', 'a', 'narrower'],
    ['false', 'a', 'wider'],
    ['a', 'b', 'unclear'],
    ['a && b || c', 'a', 'unclear'],
    ['a ? b : c', 'a ? b : c || d', 'unclear'],
    ['a', 'c ? d : a', 'unclear'],
  ];
  for (const [before, after, extent] of cases) {
    assert.equal(expressionExtent(before, after), extent, `${before} → ${after}`);
  }
});

test('expressions that look at nothing', () => {
  for (const expression of [
    '!false',
    'size([]) == 0',
    "'a'.startsWith('a')",
    '[].size() < 1',
    'dyn(true)',
    "'object.spec' != ''",
    '1 in [1]',
  ])
    assert.equal(isConstant(expression), true, expression);
  for (const expression of [
    '',
    '"text"',
    'object.x',
    'size(object.spec.containers) > 0',
    'variables.ok',
    'params == null',
    'images',
    '[1].all(x, x > 0)',
  ])
    assert.equal(isConstant(expression), false, expression);
});
