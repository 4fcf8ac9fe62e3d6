import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { labelsEntry, Posture, type PostureEntry } from '../../../../src/detect/namespace/posture.ts';

const ENFORCE = 'pod-security.kubernetes.io/enforce';
const written = (time: number, request: string, level: string) =>
  labelsEntry(time, request, { [ENFORCE]: level }, 'u');
const seen = (time: number, request: string, enforce: string): PostureEntry => ({ time, request, enforce });
const all = (entries: readonly PostureEntry[]) =>
  entries.reduce((posture, one) => posture.with(one), new Posture());

test('what was known before a request is the last entry strictly before it', () => {
  const posture = all([written(10, 'a', 'baseline'), written(20, 'b', 'privileged')]);
  assert.deepEqual(posture.before({ time: 5, request: 'x' }), {});
  assert.equal(posture.before({ time: 10, request: 'a' }).enforce, undefined, 'not the request itself');
  assert.equal(
    posture.before({ time: 20, request: 'b' }).enforce,
    'baseline',
    'also once its own entry is known',
  );
  assert.equal(
    posture.before({ time: 20, request: 'a' }).enforce,
    'baseline',
    'of one instant the ids decide',
  );
  assert.equal(posture.before({ time: 20, request: 'c' }).enforce, 'privileged');
  assert.deepEqual(posture.before({ time: 99, request: 'x' }).labels, { [ENFORCE]: 'privileged' });
});

test('writes in any order and however often give the same history', () => {
  const entries = fc.uniqueArray(
    fc.record({ time: fc.nat(20), level: fc.constantFrom('privileged', 'baseline', 'restricted') }),
    { maxLength: 15, selector: ({ time }) => time },
  );
  const cases = entries.chain((list) => {
    const writes = list.map(({ time, level }) => written(time, `r${time}`, level));
    return fc.tuple(
      fc.constant(writes),
      fc.shuffledSubarray([...writes, ...writes], { minLength: writes.length * 2 }),
    );
  });
  fc.assert(
    fc.property(cases, ([writes, shuffled]) => {
      const posture = all(shuffled);
      const sorted = writes.toSorted((a, b) => a.time - b.time);
      for (const { time, request } of sorted) {
        const before = sorted.findLast((entry) => entry.time < time);
        assert.equal(posture.before({ time, request }).enforce, before?.enforce);
      }
      assert.equal(posture.before({ time: 99, request: 'x' }).enforce, sorted.at(-1)?.enforce);
    }),
  );
});

test('the same entry again is no change', () => {
  const posture = all([
    written(10, 'a', 'baseline'),
    written(20, 'b', 'baseline'),
    written(30, 'c', 'baseline'),
  ]);
  assert.equal(posture.with(written(10, 'a', 'baseline')), posture);
  assert.equal(posture.with(written(20, 'b', 'baseline')), posture);
});

test('labels that are applied every second do not push out what was before', () => {
  const again = Array.from({ length: 1000 }, (_, index) => written(100 + index, `g${index}`, 'baseline'));
  const posture = all([written(10, 'a', 'privileged'), ...again]);
  assert.ok(posture.entries.length <= 64);
  assert.equal(posture.before({ time: 50, request: 'x' }).enforce, 'privileged');
});

test('a level seen in force is an entry where it tells something new', () => {
  const posture = all([written(10, 'a', 'baseline')]);
  assert.equal(posture.with(seen(20, 'p1', 'baseline')), posture);
  const changed = posture.with(seen(20, 'p2', 'privileged'));
  assert.deepEqual(
    changed.before({ time: 30, request: 'x' }),
    { enforce: 'privileged' },
    'the labels changed unseen',
  );
});

test('history is bounded', () => {
  const posture = all(
    Array.from({ length: 100 }, (_, index) =>
      written(index, `r${index}`, index % 2 ? 'baseline' : 'privileged'),
    ),
  );
  assert.equal(posture.entries.length, 64);
  assert.equal(posture.with(written(1, 'late', 'restricted')), posture);
});
