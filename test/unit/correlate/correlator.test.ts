import assert from 'node:assert/strict';
import test from 'node:test';
import { type CorrelateLimits, Correlator } from '../../../src/correlate/correlator.ts';
import { REPEATS } from '../../../src/correlate/kinds/repeats.ts';
import { temporalOrdered } from '../../../src/correlate/kinds/temporal-ordered.ts';
import { allRules } from '../../../src/detect/sigma/rule-condition.ts';
import type { Signal } from '../../../src/record/signal.ts';
import { behaviour, SECOND, signalAt } from './support.ts';

const MINUTE = 60 * SECOND;
const STEPS = ['a', 'b', 'c'];
const SEQUENCE = {
  steps: STEPS,
  condition: { expression: allRules(STEPS) },
  timespan: MINUTE,
  sameAny: [],
  differAny: [],
};
const PLAN = new Map([
  ['r', behaviour('r', REPEATS, MINUTE)],
  ['q', behaviour('q', temporalOrdered(SEQUENCE), 0)],
]);

function start(limits: Partial<CorrelateLimits> = {}) {
  const reached: string[] = [];
  const all = {
    lateness_seconds: 30,
    lateness_review_seconds: 30,
    groups_max: 100,
    signals_per_group_max: 100,
    baseline_groups_max: 100,
    baseline_values_per_group_max: 100,
    evidence_max: 4,
    ...limits,
  };
  const correlator = new Correlator(PLAN, all, (limit) => reached.push(limit));
  let offset = 0;
  /** Adds the signals as one batch and tells what was said: `+` new, `~` revised, `-` withdrawn, with the count. */
  const say = (...signals: Signal[]): string => {
    for (const signal of signals) correlator.add(signal, offset++);
    return correlator
      .take()
      .map(({ alert: { gatewatch }, isNew }) => {
        const sign = isNew ? '+' : gatewatch.status === 'withdrawn' ? '-' : '~';
        return `${sign}${gatewatch.count}@${gatewatch.version}`;
      })
      .join(' ');
  };
  return { say, reached, correlator };
}

test('an alert is said when it begins and when it changes, never twice', () => {
  const { say } = start();
  assert.equal(say(signalAt(10)), '+1@1');
  assert.equal(say(signalAt(10)), '', 'a repetition');
  assert.equal(say(signalAt(20), signalAt(30)), '~3@4');
  assert.equal(say(), '');
  assert.equal(say(signalAt(100)), '+1@5', 'later than the minute');
});

test('an earlier match that comes late moves the alert', () => {
  const { say } = start();
  assert.equal(say(signalAt(50), signalAt(60)), '+2@2');
  assert.equal(say(signalAt(40)), '+3@3 -2@3');
  assert.equal(say(signalAt(-10)), '+3@4 +1@4 -3@4', 'which leaves the last one an alert of its own');
});

test('a later stage revises a match, an earlier one does not', () => {
  const { say } = start();
  assert.equal(say(signalAt(10, { id: 'x', rank: 2 })), '+1@1');
  assert.equal(say(signalAt(11, { id: 'x', rank: 3, admission: { outcome: 'admitted' } })), '~1@2');
  assert.equal(say(signalAt(10, { id: 'x', rank: 1 })), '');
});

test('the event takes the place of its review, in either order', () => {
  const review = signalAt(9, { id: 'review', rank: 0, admission: { outcome: 'pending' } });
  const event = signalAt(10, { id: 'event', replaces: ['review'] });
  const first = start();
  assert.equal(first.say(review), '+1@1');
  assert.equal(first.say(event), '+1@2 -1@2');
  const second = start();
  assert.equal(second.say(event), '+1@1');
  assert.equal(second.say(review), '');
});

test('of two records of one stage the content decides, not the arrival', () => {
  const cut = signalAt(10, { id: 'x', limits: ['truncated'], received_ms: 1 });
  const whole = signalAt(10, { id: 'x', received_ms: 2 });
  for (const order of [
    [cut, whole],
    [whole, cut],
  ]) {
    const { correlator } = start();
    for (const [offset, signal] of order.entries()) correlator.add(signal, offset);
    assert.equal(correlator.take()[0]!.alert.gatewatch.limits, undefined);
  }
});

test('matches without a time are alerts of their own', () => {
  const { time: _, ...timeless } = signalAt(10, { id: 'x' });
  const { say } = start();
  assert.equal(say(timeless, { ...timeless, id: 'y' }), '+1@1 +1@2');
});

test('a flood of one step hides neither the others nor what follows', () => {
  const { say, reached } = start({ signals_per_group_max: 5 });
  const step = (rule: string, seconds: number) =>
    signalAt(seconds, { id: `${rule}${seconds}`, rule, target: 'q' });
  for (let second = 0; second < 20; second++) say(step('c', second), step('a', second));
  assert.deepEqual(reached, ['signals_per_group_max']);
  assert.equal(say(step('b', 21), step('c', 22)), '+1@42');
});

test('a group that overflows keeps its alert, counts at least, and says so', () => {
  const { correlator, reached } = start({ signals_per_group_max: 5 });
  for (let offset = 0; offset < 9; offset++) correlator.add(signalAt(offset), offset);
  const [spoken, ...more] = correlator.take();
  assert.deepEqual(more, []);
  assert.deepEqual(reached, ['signals_per_group_max']);
  assert.equal(spoken!.alert.gatewatch.count, 5);
  assert.deepEqual(spoken!.alert.gatewatch.limits, ['signals_per_group_max']);
  assert.equal(spoken!.alert.event.start, '2026-11-22T12:00:00.000000Z');
  assert.equal(spoken!.alert.event.end, '2026-11-22T12:00:08.000000Z');
});

test('a group that has to go says first what it has not said', () => {
  const { say, reached, correlator } = start({ groups_max: 2 });
  const users = ['u1', 'u2', 'u3', 'u4'];
  assert.equal(say(...users.map((user, index) => signalAt(index, { group: [user] }))), '+1@1 +1@2 +1@3 +1@4');
  assert.deepEqual(reached, ['groups_max', 'groups_max']);
  assert.equal(correlator.groups, 2);
});

test('group values that hold separators stay apart', () => {
  const { say } = start();
  assert.equal(
    say(signalAt(1, { group: ['a\u0000b', 'c'] }), signalAt(2, { group: ['a', 'b\u0000c'] })),
    '+1@1 +1@2',
  );
});

test('a rule that is no longer loaded is passed over', () => {
  const { say, correlator } = start();
  assert.equal(say(signalAt(1, { target: 'gone' })), '');
  assert.equal(correlator.restoreFrom, undefined);
});

test('with other rules, groups of those that are gone are let go, and those of changed ones say what these say', () => {
  const { say, correlator } = start();
  const twoRules = new Map([
    ['r', behaviour('r', REPEATS, MINUTE)],
    ['s', behaviour('s', REPEATS, MINUTE)],
  ]);
  correlator.use(twoRules);
  assert.equal(say(signalAt(0), signalAt(30), signalAt(0, { id: 'other', rule: 's' })), '+2@2 +1@3');

  // The same rule from another line of its file.
  const moved = { ...twoRules.get('r')!, rule: { ...twoRules.get('r')!.rule, where: 'rule.yml:7:1' } };
  correlator.use(new Map([['r', moved]]));
  assert.equal(say(), '', 'the alert of the rule that is gone stays');
  assert.equal(correlator.groups, 1);
  assert.equal(say(signalAt(40), signalAt(40, { id: 'late', rule: 's' })), '~3@4', 'its matches are ignored');

  const shorter = behaviour('r', REPEATS, 20 * SECOND);
  correlator.use(new Map([['r', { ...shorter, rule: { ...shorter.rule, title: 'Changed' } }]]));
  assert.equal(say(), '~1@4 +2@4', 'of one version a store keeps what it is given last');
  assert.equal(say(signalAt(45)), '~3@6');
});
