import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Memory, type MemoryChange } from '../../../../src/detect/memory/memory.ts';
import { ObjectHistory, type ObjectVersion } from '../../../../src/detect/memory/object-history.ts';

const LIMITS = { namespaces_max: 10, objects_bytes_max: 10_000, object_bytes_max: 1000 };

const version = (time: number, spec: unknown = time): ObjectVersion => ({
  time,
  request: `r${time}`,
  user: 'alice',
  body: JSON.stringify({ spec }),
});

test('what was known before a request is the last version strictly before it', () => {
  const history = new ObjectHistory().with(version(10)).with(version(20));
  assert.equal(history.before({ time: 10, request: 'r10' }), undefined);
  assert.deepEqual(history.before({ time: 20, request: 'r20' })?.body, '{"spec":10}');
  assert.deepEqual(history.before({ time: 21, request: 'x' })?.body, '{"spec":20}');
});

test('an unchanged object keeps the author of its last change', () => {
  const history = new ObjectHistory().with(version(10, 'same'));
  assert.equal(history.with({ ...version(20, 'same'), user: 'gitops' }), history);
});

test('the last versions in any order of arrival and however often give the same history', () => {
  const versions = [10, 20, 30, 40].map((time) => version(time));
  fc.assert(
    fc.property(
      fc.shuffledSubarray([...versions, ...versions], { minLength: versions.length * 2 }),
      (arrivals) => {
        const history = arrivals.reduce((known, one) => known.with(one), new ObjectHistory());
        assert.deepEqual(history.versions, versions);
      },
    ),
  );
});

function learnt(memory: Memory, ...versions: [path: string, version: ObjectVersion][]): MemoryChange[] {
  for (const [path, one] of versions) memory.learnObject('c/dev', path, one);
  return [...memory.take()];
}

test('what was stored and read back is the same, and is not told again', () => {
  const memory = new Memory(LIMITS);
  const changes = learnt(memory, ['deployments/web', version(1)], ['deployments/web', version(2)]);
  const other = new Memory(LIMITS);
  other.restore(changes.map((change) => JSON.parse(JSON.stringify(change))));
  assert.deepEqual(other.take(), []);
  assert.deepEqual(other.object('c/dev', 'deployments/web')?.before({ time: 9, request: 'x' }), version(2));
  assert.deepEqual([...other.paths('c/dev')], ['deployments/web']);
  assert.deepEqual([...other.paths('c/prod')], []);
});

test('memory is bounded by bytes: what was not seen for longest is let go, and its deletion told', () => {
  const reached: string[] = [];
  const memory = new Memory(LIMITS, (limit) => reached.push(limit));
  const big = 'x'.repeat(900);
  const changes = Array.from({ length: 20 }, (_, index) =>
    learnt(memory, [`deployments/d${index}`, version(1, big)]),
  ).flat();
  const kept = changes.filter((change) => change.kept).length;
  const gone = changes.filter((change) => !change.kept);
  assert.equal(kept, 20);
  assert.ok(gone.length >= 9 && gone[0]!.object === 'deployments/d0', `${gone.length} let go`);
  assert.equal([...memory.paths('c/dev')].length, 20 - gone.length);
  assert.deepEqual(reached, Array(gone.length).fill('objects_bytes_max'));
});

test('of an object that is too large it is known who wrote it', () => {
  const reached: string[] = [];
  const memory = new Memory(LIMITS, (limit) => reached.push(limit));
  learnt(memory, ['deployments/web', version(1, 'x'.repeat(1001))]);
  assert.deepEqual(memory.object('c/dev', 'deployments/web')?.before({ time: 9, request: 'x' }), {
    time: 1,
    request: 'r1',
    user: 'alice',
  });
  assert.deepEqual(reached, ['object_bytes_max']);
});

test('however many objects are deleted, what lives is not let go for them', () => {
  const memory = new Memory(LIMITS);
  const deleted = (time: number): ObjectVersion => ({ time, request: `d${time}`, user: 'kubelet' });
  learnt(memory, ['deployments/web', version(1)], ['deployments/old', version(1)]);
  learnt(memory, ['deployments/old', deleted(2)]);
  for (let time = 3; time < 1000; time++) learnt(memory, [`pods/p${time}`, deleted(time)]);
  const before = { time: 2000, request: 'x' };
  assert.deepEqual(memory.object('c/dev', 'deployments/web')?.before(before), version(1));
  assert.equal(memory.object('c/dev', 'deployments/old'), undefined);
  assert.ok(memory.object('c/dev', 'pods/p999'), 'one that arrives late finds that it is gone');
  learnt(memory, ['pods/p999', version(2001)]);
  for (let time = 3000; time < 4000; time++) learnt(memory, [`pods/p${time}`, deleted(time)]);
  assert.equal(memory.object('c/dev', 'pods/p999')?.versions.length, 2, 'it lives again');
});
