import assert from 'node:assert/strict';
import { it } from 'node:test';
import { matchExpression } from '../../../../src/index/embedded/text.ts';

it('makes each word a quoted prefix', () => {
  assert.equal(matchExpression('kube-system  bob'), '"kube-system"* AND "bob"*');
  assert.equal(matchExpression('a" OR "b'), '"a"* AND "OR"* AND "b"*');
});

it('tells nothing to look for from nothing that can be found', () => {
  assert.equal(matchExpression(''), undefined);
  assert.equal(matchExpression(' \n'), undefined);
  assert.equal(matchExpression('"\u0000 --'), '""');
});

it('bounds the words and their length', () => {
  const expression = matchExpression(`${'x'.repeat(1_000_000)} ${'y '.repeat(100_000)}`);
  assert.ok(expression !== undefined && expression.length < 1000);
});
