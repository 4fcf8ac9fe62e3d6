import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, decodeBatch, encodeBatches } from '../../../src/log/framing.ts';
import { entry } from './helpers.ts';

const MEBIBYTE = 1024 * 1024;

test('decoding gives back what was encoded, at its offsets', () => {
  const sent = [
    { key: 'prod/größe', value: Buffer.from([0, 1, 255]), headers: { a: 'é', '': '' } },
    { key: '', value: Buffer.alloc(0), headers: {} },
  ];
  const [batch, ...rest] = encodeBatches(sent);
  assert.equal(rest.length, 0);
  const decoded = decodeBatch(batch!.data, 40, batch!.count);
  assert.deepEqual(
    decoded,
    sent.map((one, index) => ({ ...one, offset: 40 + index })),
  );
});

test('a batch has memory of its own, which can be transferred without harm to the entries', () => {
  const value = Buffer.from('pooled memory');
  const [batch] = encodeBatches([{ key: 'k', value, headers: {} }]);
  assert.equal(batch!.data.byteOffset, 0);
  assert.equal(batch!.data.byteLength, batch!.data.buffer.byteLength);
  structuredClone(batch!.data.buffer, { transfer: [batch!.data.buffer] });
  assert.equal(value.toString(), 'pooled memory');
});

test('decoded values share the memory of the batch', () => {
  const [batch] = encodeBatches([entry('k', 'value')]);
  const [decoded] = decodeBatch(batch!.data, 0, 1);
  assert.equal(decoded!.value.buffer, batch!.data.buffer);
});

test('batches keep their limits: entries, bytes, and one entry that is larger alone', () => {
  const counts = (values: number[]) =>
    encodeBatches(values.map((bytes) => entry('k', Buffer.alloc(bytes)))).map(({ count }) => count);
  assert.deepEqual(counts([]), []);
  assert.deepEqual(counts(Array(BATCH_ENTRIES_MAX).fill(1)), [BATCH_ENTRIES_MAX]);
  assert.deepEqual(counts(Array(BATCH_ENTRIES_MAX + 1).fill(1)), [BATCH_ENTRIES_MAX, 1]);
  assert.deepEqual(counts([BATCH_BYTES_MAX, 0, 1]), [2, 1]);
  assert.deepEqual(counts([1, 5 * MEBIBYTE, 1]), [1, 1, 1]);
  assert.deepEqual(counts([3, 3, 3].map((n) => n * MEBIBYTE)), [1, 1, 1]);
});

test('any damaged or missing byte is found', () => {
  const [batch] = encodeBatches([entry('key', 'a value'), entry('key', 'another')]);
  const { data, count } = batch!;
  for (let position = 0; position < data.length; position++) {
    const damaged = Buffer.from(data);
    damaged[position]! ^= 0x10;
    assert.throws(() => decodeBatch(damaged, 0, count), Error, `byte ${position}`);
    assert.throws(() => decodeBatch(data.subarray(0, position), 0, count), Error, `cut at ${position}`);
  }
  assert.throws(() => decodeBatch(data, 0, count + 1), /holds 2 entries, not 3/);
});
