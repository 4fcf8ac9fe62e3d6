import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Baseline } from '../../../../src/correlate/baseline/baseline.ts';
import { Changes } from '../../../../src/correlate/baseline/entry.ts';
import { DAY } from '../../../../src/correlate/baseline/run.ts';
import { Table } from '../../../property/crashes.ts';

const KEY = { signals: 'signals', shape: 'shape', cluster: 'prod' };
const TIMESPAN = 3 * DAY;

/** A process that has the baseline's partition, or believes it has. */
function start(table: Table) {
  const changes = new Changes();
  const baseline = new Baseline(KEY, changes);
  for (const entry of table.entries) baseline.restore(entry);
  const keep = () => table.apply(changes.take());
  const show = (...days: number[]): void => {
    for (const day of days) {
      baseline.begin(day * DAY);
      baseline.remember('g', 'v', day * DAY, TIMESPAN);
    }
  };
  return { baseline, changes, keep, show };
}

const runsOf = (baseline: Baseline) =>
  baseline.runsOf('g', 'v').map(({ first, last }) => [first / DAY, last]);

test('matches make runs, in any order', () => {
  const { baseline, show } = start(new Table());
  show(10.5, 1.25, 12, 2.5, 20);
  assert.deepEqual(runsOf(baseline), [
    [1.25, 2],
    [10.5, 12],
    [20, 20],
  ]);
  show(7.9, 4);
  // Whole days count: what was shown at the beginning of day 4 is known until the end of day 7.
  assert.deepEqual(runsOf(baseline), [
    [1.25, 12],
    [20, 20],
  ]);
});

test('an entry a day is kept, and the one before it is let go after', () => {
  const table = new Table();
  const { changes, keep, show } = start(table);
  show(1);
  assert.equal(changes.take().length, 2, 'the beginning and the value');
  show(1.1, 1.9, 1);
  assert.deepEqual(changes.take(), []);
  show(2.5);
  assert.deepEqual(
    changes.take().map(({ entry, kept }) => ['run' in entry && entry.run.last, kept]),
    [
      [2, true],
      [1, false],
    ],
  );
  keep();
});

test('what was kept comes back without a change', () => {
  const table = new Table();
  const { keep, show, baseline } = start(table);
  show(1, 2, 20, 21, 5);
  keep();
  const again = start(table);
  assert.deepEqual(runsOf(again.baseline), runsOf(baseline));
  assert.equal(again.baseline.begun, DAY);
  assert.deepEqual(again.changes.take(), []);
});

test('whoever is behind adds entries and destroys none: what several kept is what one would have', () => {
  const days = fc.array(
    fc.double({ min: 0, max: 40, noNaN: true }).map((day) => Math.round(day * 100) / 100),
    { minLength: 1, maxLength: 20 },
  );
  const steps = fc.array(fc.tuple(fc.nat(2), fc.boolean()), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(days, steps, (shown, turns) => {
      const table = new Table();
      const processes = [start(table), start(table), start(table)];
      for (const [index, day] of shown.entries()) {
        const [who, keeps] = turns[index % turns.length]!;
        const process = processes[who]!;
        process.show(day);
        if (keeps) process.keep();
      }
      for (const { keep } of processes.reverse()) keep();
      const one = start(new Table());
      one.show(...shown.toSorted());
      const after = start(table);
      assert.deepEqual(runsOf(after.baseline), runsOf(one.baseline));
      assert.equal(after.baseline.begun, one.baseline.begun);
      // And whoever takes over tidies up.
      after.keep();
      assert.equal(table.entries.length, 1 + runsOf(one.baseline).length);
    }),
    { numRuns: 500 },
  );
});

test('a value is forgotten two timespans after it was shown', () => {
  const table = new Table();
  const { baseline, keep, show } = start(table);
  show(1.5);
  baseline.forgetBefore(8 * DAY - 1);
  assert.equal(baseline.groups, 1);
  baseline.forgetBefore(8 * DAY);
  assert.deepEqual([baseline.groups, runsOf(baseline)], [0, []]);
  keep();
  assert.equal(table.entries.length, 1, 'the beginning stays');
});
