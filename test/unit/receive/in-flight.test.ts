import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewatchError } from '../../../src/errors.ts';
import { InFlight } from '../../../src/receive/in-flight.ts';

function overloaded(error: unknown): boolean {
  return error instanceof GatewatchError && error.code === 'OVERLOADED';
}

test('bytes are held until they are released, once', () => {
  const inFlight = new InFlight(100);
  const one = inFlight.open('a');
  one.add(10);
  one.add(20);
  assert.equal(inFlight.bytes, 30);
  one.release();
  one.release();
  assert.equal(inFlight.bytes, 0);
});

test('what comes after the end of its request holds nothing', () => {
  const inFlight = new InFlight(100);
  const one = inFlight.open('a');
  one.release();
  one.add(1000);
  assert.equal(inFlight.bytes, 0);
});

test('a request that is alone always fits', () => {
  const inFlight = new InFlight(100);
  const one = inFlight.open('a');
  one.add(100);
  one.add(100);
  assert.throws(() => inFlight.open('b').add(1), overloaded);
  one.release();
  inFlight.open('b').add(100);
});

test('a sender may hold what it leaves free, so that another always finds room', () => {
  const inFlight = new InFlight(100);
  const held = Array.from({ length: 5 }, () => inFlight.open('a'));
  for (const request of held) request.add(10);
  assert.throws(() => inFlight.open('a').add(10), overloaded);
  const other = inFlight.open('b');
  other.add(30);
  held[0]!.release();
  assert.throws(() => inFlight.open('a').add(10), overloaded);
  other.release();
  inFlight.open('a').add(10);
});

test('a refused request leaves nothing behind', () => {
  const inFlight = new InFlight(100);
  const one = inFlight.open('a');
  one.add(60);
  const refused = inFlight.open('a');
  assert.throws(() => refused.add(60), overloaded);
  refused.release();
  assert.equal(inFlight.bytes, 60);
});

test('never more than the limit is held, but by a request that is alone, and a newcomer is refused only for lack of room', () => {
  const step = fc.record({
    sender: fc.nat(3),
    bytes: fc.integer({ min: 1, max: 40 }),
    release: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const inFlight = new InFlight(100);
      const open: { sender: number; bytes: number; release(): void }[] = [];
      for (const { sender, bytes, release } of steps) {
        if (release) {
          open.shift()?.release();
          continue;
        }
        const request = inFlight.open(`${sender}`);
        const isNew = !open.some((other) => other.sender === sender);
        const fits = inFlight.bytes + bytes <= 100;
        try {
          request.add(bytes);
          open.push({ sender, bytes, release: () => request.release() });
        } catch (error) {
          assert.ok(overloaded(error));
          assert.ok(!(isNew && fits));
        }
        assert.equal(
          inFlight.bytes,
          open.reduce((sum, one) => sum + one.bytes, 0),
        );
        assert.ok(inFlight.bytes <= 100);
      }
    }),
  );
});
