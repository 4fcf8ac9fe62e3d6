import assert from 'node:assert/strict';
import test from 'node:test';
import { Correlator } from '../../../src/correlate/correlator.ts';
import { planBehaviours } from '../../../src/correlate/plan.ts';
import { parseRules } from '../../../src/detect/sigma/parse.ts';
import type { Signal } from '../../../src/record/signal.ts';
import { NOON, SECOND, signalAt } from './support.ts';

const LIMITS = {
  lateness_seconds: 60,
  lateness_review_seconds: 5,
  groups_max: 3,
  signals_per_group_max: 100,
  baseline_groups_max: 0,
  baseline_values_per_group_max: 0,
  evidence_max: 4,
};

const RULES = `
title: Any
id: any
logsource: {product: kubernetes, service: audit}
detection: {s: {verb: get}, condition: s}
---
title: Other
id: other
logsource: {product: kubernetes, service: audit}
detection: {s: {verb: list}, condition: s}
---
title: Silent
id: silent
correlation: {type: absence, rules: [any], timespan: 100s}
gatewatch: {suppress: 600s}
`;

/** A sign of life: a beat is ten seconds. */
const beat = (seconds: number, fields: Partial<Signal> = {}): Signal =>
  signalAt(seconds, { id: `b${seconds}`, rule: 'any', target: 'silent', group: [], ...fields });

/** One every ten seconds. */
const steady = (from: number, to: number): Signal[] =>
  Array.from({ length: (to - from) / 10 + 1 }, (_, index) => beat(from + index * 10));

function start() {
  const set = parseRules([{ name: 'r.yml', text: RULES }]);
  assert.deepEqual(set.problems, []);
  const reached: string[] = [];
  const house = { offsetsKept: 0, sweepEvery: 1, offsetsRestored: 1_000_000 };
  const correlator = new Correlator(planBehaviours(set, 0), LIMITS, (limit) => reached.push(limit), house);
  let offset = 0;
  const said = (): string =>
    correlator
      .take()
      .map(({ alert: { gatewatch, event }, isNew }) => {
        const sign = isNew ? '+' : gatewatch.status === 'withdrawn' ? '-' : '~';
        const ends = [event.start, event.end].map((at) => (Date.parse(at!) * 1000 - NOON) / SECOND);
        return `${sign}${ends.join('-')}`;
      })
      .join(' ');
  return {
    reached,
    correlator,
    say(...signals: Signal[]): string {
      for (const signal of signals) correlator.add(signal, offset++);
      return said();
    },
    at(seconds: number): string {
      correlator.passTime((NOON + seconds * SECOND) / 1000);
      return said();
    },
  };
}

test('the clock tells of a silence, once, and what comes after it says when it ended', () => {
  const { say, at } = start();
  assert.equal(say(...steady(0, 100)), '');
  assert.equal(at(209), '', 'not long enough: the last one came within ten seconds');
  assert.equal(at(211), '+100-210');
  assert.equal(at(400), '');
  assert.equal(say(beat(420)), '~100-420');
  assert.equal(at(1000), '', 'one sign of life is no stream');
});

test('without a clock the next sign of life tells of it', () => {
  const { say } = start();
  assert.equal(say(...steady(0, 100), beat(210)), '');
  assert.equal(say(...steady(220, 320), beat(440)), '+320-440');
});

test('what comes late takes it back, or moves where it began', () => {
  const { say, at } = start();
  say(...steady(0, 100));
  assert.equal(at(230), '+100-210');
  assert.equal(say(beat(110)), '+110-220 -100-210');
  assert.equal(at(231), '');
});

test('a return after long is not waited for', () => {
  const { say, at } = start();
  say(...steady(0, 100));
  assert.equal(at(211), '+100-210');
  assert.equal(say(beat(2000)), '');
});

test('what is sent long after it happened does not fall silent by the clock', () => {
  const { say, at } = start();
  say(...steady(0, 100).map((signal) => ({ ...signal, received_ms: signal.received_ms + 86_400_000 })));
  assert.equal(at(86_400 + 5000), '');
});

test('who waits is not the first to be let go', () => {
  const { say, at, reached, correlator } = start();
  say(...steady(0, 100));
  for (let group = 0; group < 10; group++) {
    correlator.add(signalAt(100, { id: `o${group}`, rule: 'other', group: [`${group}`] }), 100 + group);
    at(110);
  }
  assert.ok(reached.includes('groups_max'));
  assert.equal(at(211), '+100-210');
});
