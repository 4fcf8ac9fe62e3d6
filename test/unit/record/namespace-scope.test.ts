import assert from 'node:assert/strict';
import test from 'node:test';
import { within } from '../../../src/record/namespace-scope.ts';

const LABELS = { team: 'a' };

test('a namespace is within a scope that names it and selects its labels', () => {
  assert.equal(within([{}], 'dev', undefined), true);
  assert.equal(within([], 'dev', LABELS), false);
  assert.equal(within([{ names: ['prod', 'd*'] }], 'dev', undefined), true);
  assert.equal(within([{ names: ['prod'] }], 'dev', LABELS), false);
  assert.equal(within([{ except: ['kube-*'] }], 'kube-system', LABELS), false);
  assert.equal(within([{ except: ['kube-*'] }], 'dev', LABELS), true);
  assert.equal(within([{ names: ['d*'], matchLabels: { team: 'b' } }], 'dev', LABELS), false);
  assert.equal(within([{ names: ['x'] }, { matchLabels: { team: 'a' } }], 'dev', LABELS), true);
});

test('without its labels it is told by its name, as far as that tells', () => {
  const team = { matchLabels: { team: 'a' } };
  assert.equal(within([team], 'dev', undefined), undefined);
  assert.equal(within([{ ...team, names: ['prod'] }], 'dev', undefined), false);
  assert.equal(within([team, {}], 'dev', undefined), true);
  assert.equal(within([team, { names: ['prod'] }], 'dev', undefined), undefined);
  const name = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] };
  assert.equal(within([{ matchExpressions: [name] }], 'dev', undefined), true);
  assert.equal(within([{ matchExpressions: [name] }], 'kube-system', undefined), false);
  assert.equal(within([{ ...team, matchExpressions: [name] }], 'dev', undefined), undefined);
  assert.equal(within([{ ...team, matchExpressions: [name] }], 'kube-system', undefined), false);
  const ignore = { key: 'ignore', operator: 'DoesNotExist' };
  assert.equal(within([{ matchExpressions: [ignore] }], 'dev', undefined), true, 'most do not opt out');
  assert.equal(within([{ matchExpressions: [ignore] }], 'dev', { ignore: '' }), false);
  assert.equal(within([{ ...team, matchExpressions: [ignore] }], 'dev', undefined), undefined);
  const named = { matchLabels: { 'kubernetes.io/metadata.name': 'dev' } };
  assert.equal(within([named], 'dev', undefined), true);
  assert.equal(within([named], 'dev', LABELS), true, 'also where it was cut from its labels');
  assert.equal(within([named], 'prod', undefined), false);
});
