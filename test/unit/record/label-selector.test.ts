import assert from 'node:assert/strict';
import test from 'node:test';
import { selects } from '../../../src/record/label-selector.ts';

const LABELS = { env: 'prod', team: 'a' };

test('a selector selects what has all that it asks for', () => {
  assert.equal(selects({}, LABELS), true);
  assert.equal(selects({ matchLabels: { env: 'prod', team: 'a' } }, LABELS), true);
  assert.equal(selects({ matchLabels: { env: 'prod', team: 'b' } }, LABELS), false);
  assert.equal(selects({ matchLabels: { toString: 'x' } }, LABELS), false);
});

test('each operator of an expression', () => {
  const selected = (operator: string, key: string, values?: string[]) =>
    selects({ matchExpressions: [{ key, operator, ...(values && { values }) }] }, LABELS);
  assert.equal(selected('In', 'env', ['dev', 'prod']), true);
  assert.equal(selected('In', 'zone', ['dev']), false);
  assert.equal(selected('NotIn', 'env', ['prod']), false);
  assert.equal(selected('NotIn', 'zone', ['prod']), true);
  assert.equal(selected('Exists', 'env'), true);
  assert.equal(selected('Exists', 'zone'), false);
  assert.equal(selected('DoesNotExist', 'env'), false);
  assert.equal(selected('DoesNotExist', 'zone'), true);
});
