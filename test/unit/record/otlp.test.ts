import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributesOf } from '../../../src/record/otlp.ts';

test('attributes by their keys, the last of repeated ones', () => {
  const list = [
    { key: 'name', value: { stringValue: 'a' } },
    { key: 'allowed', value: { boolValue: false } },
    { key: 'code', value: { intValue: '400' } },
    { key: 'name', value: { stringValue: 'b' } },
    { key: 'list', value: { arrayValue: { values: [] } } },
    { key: '__proto__', value: { stringValue: 'own' } },
  ];
  const { name, allowed, code, ...rest } = attributesOf(list);
  assert.deepEqual([name, allowed, code], ['b', false, '400']);
  assert.deepEqual(Object.keys(rest), ['list', '__proto__']);
  assert.equal(Object.getPrototypeOf(attributesOf(list)), Object.prototype);
});

test('what is no list of attributes has none', () => {
  for (const list of [
    undefined,
    null,
    7,
    'x',
    {},
    [null],
    [7],
    [{}],
    [{ key: 7, value: {} }],
    [{ key: 'a', value: 1 }],
  ])
    assert.deepEqual(attributesOf(list), {});
});
