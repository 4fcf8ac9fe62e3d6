import assert from 'node:assert/strict';
import test from 'node:test';
import { eventCount } from '../../../src/correlate/kinds/event-count.ts';
import { temporalOrdered } from '../../../src/correlate/kinds/temporal-ordered.ts';
import { finder, type Referring } from '../../../src/correlate/referred.ts';
import { allRules } from '../../../src/detect/sigma/rule-condition.ts';
import type { Signal } from '../../../src/record/signal.ts';
import { found, signalsOf } from './notation.ts';
import { SECOND } from './support.ts';

const TEN = 10 * SECOND;

const GROUP = ['g'];
/** The same match as it is seen through a correlation. */
const through = (signals: readonly Signal[], correlation: string, group = GROUP): Signal[] =>
  signals.map((signal) => ({ ...signal, through: [{ correlation, group }] }));

test('a correlation that another refers to holds for as long as its condition does, and counts where it began', () => {
  const burst: Referring = { kind: eventCount(TEN, { gte: 3 }), inner: new Map() };
  const steps = ['burst', 'x'];
  const sequence = finder(
    {
      kind: temporalOrdered({
        steps,
        condition: { expression: allRules(steps) },
        timespan: TEN,
        sameAny: [],
        differAny: [],
      }),
      inner: new Map([['burst', burst]]),
    },
    0,
  );
  const chained = (many: string, rest: string) =>
    found(
      sequence,
      [
        ...through(signalsOf(many), 'burst'),
        ...signalsOf(rest).map((one) => ({ ...one, id: `x${one.id}` })),
      ].sort((a, b) => a.time! - b.time!),
    );
  assert.equal(chained('a1 a2 a3', 'x4'), 'a1 a2 a3 x4 =1 <13');
  assert.equal(chained('a1 a2', 'x4'), '');
  assert.equal(chained('a1 a2 a3', 'x2'), '');
  assert.equal(chained('a1 a2 a3', 'x14'), '');
  // The burst goes on: what decides is when it held last.
  assert.equal(chained('a1 a2 a3 a9 a10 a19', 'x20'), 'a1 a2 a3 a9 a10 a19 x20 =1 <20');

  const bursts = finder(
    { kind: eventCount(100 * SECOND, { gte: 2 }), inner: new Map([['burst', burst]]) },
    0,
  );
  const counted = (many: string) => found(bursts, through(signalsOf(many), 'burst'));
  assert.equal(counted('a1 a2 a3 a4 a5 a13 a14'), '');
  assert.equal(counted('a1 a2 a3 a20 a21 a22'), 'a1 a2 a3 a20 a21 a22 =2 <103');
});

test('correlations that another refers to have groups of their own', () => {
  const burst: Referring = { kind: eventCount(TEN, { gte: 2 }), inner: new Map() };
  const both = finder({ kind: eventCount(TEN, { gte: 1 }), inner: new Map([['burst', burst]]) }, 0);
  const [one, two, three] = signalsOf('a1 a2 a3');
  const seen = (group: string, signal: Signal) => through([signal], 'burst', [group])[0]!;
  assert.equal(found(both, [seen('x', one!), seen('y', two!)]), '');
  assert.equal(found(both, [seen('x', one!), seen('y', two!), seen('x', three!)]), 'a1 a3 =1 <13');
});
