import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { alertOf } from '../../src/correlate/alert.ts';
import { Correlator, type Housekeeping } from '../../src/correlate/correlator.ts';
import {
  bySequence,
  type Episode,
  eventCount,
  repeats,
  temporalOrdered,
} from '../../src/correlate/episodes.ts';
import type { Behaviour } from '../../src/correlate/plan.ts';
import type { Alert } from '../../src/record/alert.ts';
import type { Signal } from '../../src/record/signal.ts';
import { behaviour, NOON, SECOND, signalAt, standing } from '../unit/correlate/support.ts';
import { runWithCrashes } from './crashes.ts';

const TIMESPAN = 10;
const LATENESS = 20;
const STEPS = ['a', 'b', 'c'];
const SEQUENCE = { steps: STEPS, timespan: TIMESPAN * SECOND, suppress: 15 * SECOND, sameAny: ['user'] };

const PLAN: ReadonlyMap<string, Behaviour> = new Map([
  ['r', behaviour('r', 8 * SECOND, repeats(8 * SECOND))],
  [
    'n',
    behaviour(
      'n',
      12 * SECOND,
      eventCount({ timespan: TIMESPAN * SECOND, suppress: 12 * SECOND, satisfied: (count) => count >= 3 }),
    ),
  ],
  ['q', behaviour('q', 15 * SECOND, temporalOrdered(SEQUENCE))],
]);

const LIMITS = {
  lateness_seconds: LATENESS,
  groups_max: 1000,
  signals_per_group_max: 1000,
  baseline_groups_max: 0,
  baseline_values_per_group_max: 0,
  evidence_max: 6,
};

/** The definitions, word by word, without a thought of cost: every window from every signal. */
const NAIVE: Readonly<Record<string, (signals: readonly Signal[]) => Episode[]>> = {
  r: (signals) => episodes(signals, (rest) => (rest[0] ? [0, 8, rest.length] : undefined)),
  n: (signals) =>
    episodes(signals, (rest) => {
      for (const [end, last] of rest.entries()) {
        const start = rest.findIndex((signal) => signal.time! >= last.time! - TIMESPAN * SECOND);
        if (end - start + 1 >= 3) return [start, 12, rest.length];
      }
      return undefined;
    }),
  q: (signals) =>
    episodes(
      signals.toSorted(
        (a, b) =>
          a.time! - b.time! || STEPS.indexOf(a.rule) - STEPS.indexOf(b.rule) || (a.id < b.id ? -1 : 1),
      ),
      (rest) => {
        for (const [end, last] of rest.entries()) {
          if (last.rule !== 'c') continue;
          for (let start = 0; start < end; start++) {
            const first = rest[start]!;
            const middle = rest.slice(start + 1, end).some(({ rule }) => rule === 'b');
            const agrees = !!first.values?.user && first.values.user === last.values?.user;
            const inTime = first.time! >= last.time! - TIMESPAN * SECOND;
            if (first.rule === 'a' && middle && agrees && inTime) return [start, 15, end];
          }
        }
        return undefined;
      },
    ),
};

/** @param next the position of an episode's first signal, its length in seconds, and of a sequence its end */
function episodes(
  signals: readonly Signal[],
  next: (rest: readonly Signal[]) => [start: number, seconds: number, end: number] | undefined,
): Episode[] {
  const found: Episode[] = [];
  for (let rest = signals; ; ) {
    const episode = next(rest);
    if (!episode) return found;
    const [start, seconds, end] = episode;
    const until = rest[start]!.time! + seconds * SECOND;
    const members = rest.slice(start).filter(({ time }) => time! <= until);
    const endings = members.filter((signal, index) => signal.rule === 'c' && start + index >= end).length;
    found.push({ signals: members, until, count: end === rest.length ? members.length : endings });
    rest = rest.slice(start + members.length);
  }
}

function expected(signals: readonly Signal[]): Map<string, unknown> {
  const groups = new Map<string, Map<string, Signal>>();
  for (const signal of signals) {
    const key = `${signal.target} ${signal.cluster} ${signal.group.join()}`;
    const group = groups.get(key) ?? new Map<string, Signal>();
    groups.set(key, group);
    const known = group.get(signal.id);
    if (!known || signal.rank > known.rank) group.set(signal.id, signal);
  }
  const store = new Map<string, Alert>();
  for (const group of groups.values()) {
    const replaced = new Set([...group.values()].flatMap(({ replaces }) => replaces ?? []));
    const sorted = [...group.values()].filter(({ id }) => !replaced.has(id)).sort(bySequence);
    const target = sorted[0]!.target;
    const context = { version: 0, evidenceMax: LIMITS.evidence_max, overflowed: false };
    for (const episode of NAIVE[target]!(sorted)) {
      const alert = alertOf(episode, PLAN.get(target)!.rule, context);
      store.set(alert.event.id, alert);
    }
  }
  return standing(store);
}

/** A signal about the request number `request`, whose stages and review share what does not change. */
const signals = fc
  .record({
    request: fc.nat(60),
    target: fc.constantFrom('r', 'n', 'q'),
    seconds: fc.nat(60),
    step: fc.constantFrom(...STEPS),
    user: fc.constantFrom('x', 'y', ''),
    cluster: fc.constantFrom('prod', 'test'),
    outcome: fc.constantFrom('admitted' as const, 'denied' as const),
    kinds: fc.subarray(['review', 'started', 'complete'], { minLength: 1 }),
  })
  .map(({ request, target, seconds, step, user, cluster, outcome, kinds }) => {
    const rule = target === 'q' ? step : target;
    const id = `${target}${request}${step}`;
    const base = { rule, target, cluster, group: ['g'], values: { user }, admission: { outcome } };
    const replaces = kinds.includes('review') ? { replaces: [`review-${id}`] } : {};
    return kinds.map((kind): Signal => {
      if (kind === 'review') return signalAt(seconds, { ...base, id: `review-${id}`, rank: 0 });
      return signalAt(seconds, { ...base, ...replaces, id, rank: kind === 'started' ? 2 : 3 });
    });
  });

/** Signals of distinct requests, repeated and in any order. */
const stream = fc
  .uniqueArray(signals, { maxLength: 40, selector: (stages) => stages.at(-1)!.id.replace('review-', '') })
  .map((all) => all.flat())
  .chain((all) =>
    fc.tuple(
      fc.shuffledSubarray(all, { minLength: all.length }),
      fc.array(fc.nat(Math.max(0, all.length - 1)), { maxLength: 10 }),
      fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 10 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 10 }),
    ),
  )
  .map(([all, again, batches, crashes]) => ({
    log: [...all, ...again.flatMap((index) => all[index] ?? [])],
    batches,
    crashes,
  }));

const run = (
  log: readonly Signal[],
  batches: readonly number[],
  crashes: readonly boolean[],
  house?: Housekeeping,
) => runWithCrashes({ plan: PLAN, limits: LIMITS, log, batches, crashes, ...(house && { house }) });

test('any order, repetition, batching and crash gives the alerts of the plain definition', () => {
  const check = ({ log, batches, crashes }: { log: Signal[]; batches: number[]; crashes: boolean[] }) => {
    assert.deepEqual(standing(run(log, batches, crashes)), expected(log));
  };
  const { seed, failed, numRuns } = fc.check(fc.property(stream, check), { numRuns: 3000 });
  console.log(`seed ${seed}, ${numRuns} runs`);
  if (failed) fc.assert(fc.property(stream, check), { seed, numRuns: 3000, interruptAfterTimeLimit: 20_000 });
});

/** A stream that lasts: its signals come at most LATENESS - 1 seconds late, and what has passed is forgotten often. */
const longStream = fc
  .array(
    fc.record({
      stages: signals,
      gap: fc.nat({ max: 6 }),
      late: fc.nat({ max: LATENESS - 1 }),
      group: fc.nat(3),
    }),
    { minLength: 100, maxLength: 300 },
  )
  .map((all) => {
    let clock = 0;
    return all
      .flatMap(({ stages, gap, late, group }, index) => {
        clock += gap;
        return stages.map((stage) => {
          const { rule, target, values, admission, rank, replaces } = stage;
          const id = `${stage.id}-${index}`;
          const signal = signalAt(clock, {
            id,
            rule,
            target,
            rank,
            admission,
            group: [`g${group}`],
            ...(values ? { values } : {}),
            ...(replaces ? { replaces: replaces.map((one) => `${one}-${index}`) } : {}),
          });
          return { signal, arrival: clock + late };
        });
      })
      .sort((a, b) => a.arrival - b.arrival)
      .map(({ signal }) => signal);
  });

test('forgetting what has passed changes nothing, also across crashes', () => {
  const house = { offsetsKept: 12, sweepEvery: 5, offsetsRestored: 1_000_000 };
  const property = fc.property(
    longStream,
    fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 10 }),
    fc.array(fc.boolean(), { minLength: 1, maxLength: 10 }),
    (log, batches, crashes) => {
      assert.deepEqual(standing(run(log, batches, crashes, house)), expected(log));
    },
  );
  const result = fc.check(property, { numRuns: 300, endOnFailure: true });
  console.log(`seed ${result.seed}, ${result.numRuns} runs`);
  if (result.failed) fc.assert(property, { seed: result.seed, numRuns: 300, endOnFailure: true });
});

test('state stays bounded over days and hundreds of thousands of signals', () => {
  const limits = { ...LIMITS, lateness_seconds: 300, groups_max: 200_000, signals_per_group_max: 10_000 };
  const correlator = new Correlator(PLAN, limits, () => assert.fail('no limit is reached'));
  const count = 200_000;
  let behindMax = 0;
  let groupsMax = 0;
  let alerts = 0;
  for (let offset = 0; offset < count; offset++) {
    // Two days; every user comes for a while and goes, one stays.
    const user = offset % 10 === 0 ? 'robot' : `user-${Math.floor(offset / 50)}`;
    const time = NOON + offset * 900_000;
    correlator.add(signalAt(0, { id: `s${offset}`, time, group: [user] }), offset);
    if (offset % 500 !== 499) continue;
    alerts += correlator.take().filter(({ isNew }) => isNew).length;
    groupsMax = Math.max(groupsMax, correlator.groups);
    behindMax = Math.max(behindMax, offset - (correlator.restoreFrom ?? offset));
  }
  assert.ok(groupsMax < 1000, `${groupsMax} groups`);
  assert.ok(alerts > 4000, `${alerts} alerts`);
  assert.ok(behindMax < 30_000, `restoreFrom lies ${behindMax} behind`);
});
