import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { alertOf } from '../../src/correlate/alert.ts';
import { newValue } from '../../src/correlate/baseline/new-value.ts';
import type { Behaviour } from '../../src/correlate/plan.ts';
import type { Alert } from '../../src/record/alert.ts';
import type { Signal } from '../../src/record/signal.ts';
import { metadata, SECOND, signalAt, standing } from '../unit/correlate/support.ts';
import { runWithCrashes } from './crashes.ts';

const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const LATENESS_HOURS = 20;
const LEARN = 3 * DAY;
const SUPPRESS = 6 * HOUR;
const RULE = { shape: 'shape', fields: ['userAgent'], timespan: 5 * DAY, suppress: SUPPRESS };
const FIND = newValue({ ...RULE, groupBy: ['user.username'], learn: LEARN });
const PLAN: ReadonlyMap<string, Behaviour> = new Map([
  ['b', { rule: metadata('b'), span: 0, lookback: 0, find: FIND, baseline: RULE }],
]);
const LIMITS = {
  lateness_seconds: LATENESS_HOURS * 3600,
  lateness_review_seconds: LATENESS_HOURS * 3600,
  groups_max: 1000,
  signals_per_group_max: 1000,
  baseline_groups_max: 1000,
  baseline_values_per_group_max: 1000,
  evidence_max: 6,
};

const dayOf = (time: number) => Math.floor(time / DAY);

/** The definition, word by word: every request against every record there is. */
function expected(log: readonly Signal[]): Map<string, unknown> {
  const store = new Map<string, Alert>();
  const judged = log.filter(({ rank, values }) => rank >= 3 || values!.userAgent !== '');
  for (const ofCluster of Map.groupBy(judged, ({ cluster }) => cluster).values()) {
    const begun = Math.min(...ofCluster.map(({ time }) => time!));
    const shown = Map.groupBy(ofCluster, ({ group, values }) => JSON.stringify([group, values]));
    for (const records of shown.values()) {
      const until = { time: Number.NEGATIVE_INFINITY };
      for (const first of requestsOf(records)) {
        const time = first.time!;
        if (time <= until.time) continue;
        const before = records.map((record) => record.time!).filter((each) => each < time);
        const isNew = !before.some((each) => dayOf(each) >= dayOf(time - RULE.timespan));
        if (!isNew || time < begun + LEARN) continue;
        until.time = time + SUPPRESS;
        const signals = requestsOf(records).filter((one) => one.time! >= time && one.time! <= until.time);
        const last = Math.max(...before.map(dayOf));
        const novelty = {
          fields: RULE.fields,
          groupBy: ['user.username'],
          timespan: RULE.timespan,
          learnedSince: begun,
          ...(last >= dayOf(time - 2 * RULE.timespan) ? { lastSeen: last } : {}),
        };
        // Of requests at the same time the first is that with the lowest id.
        const episode = {
          beginning: signals[0]!,
          signals,
          count: signals.length,
          until: until.time,
          novelty,
        };
        const alert = alertOf(episode, metadata('b'), { version: 0, evidenceMax: 6, overflowed: false });
        store.set(alert.event.id, alert);
      }
    }
  }
  return standing(store);
}

/** Requests as their last record tells them, at the time of their first, in order. */
function requestsOf(records: readonly Signal[]): Signal[] {
  const replaced = new Set(records.flatMap(({ replaces }) => replaces ?? []));
  return [...Map.groupBy(records, ({ id }) => id)]
    .filter(([id]) => !replaced.has(id))
    .map(([id, stages]) => {
      const last = stages.reduce((best, one) => (one.rank > best.rank ? one : best));
      const all = records.filter((one) => one.id === id || last.replaces?.includes(one.id));
      return { ...last, time: Math.min(...all.map(({ time }) => time!)) };
    })
    .sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1));
}

/** A request whose stages and review are some hours apart; none lasts longer than repeats are counted. */
const request = fc.record({
  minutes: fc.nat(59),
  user: fc.constantFrom('x', 'y'),
  agent: fc.constantFrom('curl', 'kubectl', ''),
  cluster: fc.constantFrom('prod', 'prod', 'test'),
  lasts: fc.nat(5),
  review: fc.integer({ min: -1, max: 1 }),
  kinds: fc.subarray(['review', 'started', 'complete'], { minLength: 1 }),
});

function signalsOf(
  id: string,
  hours: number,
  { kinds, ...of }: typeof request extends fc.Arbitrary<infer T> ? T : never,
) {
  const { user, agent, cluster } = of;
  const common = {
    target: 'b',
    rule: 'a',
    cluster,
    group: [user],
    values: { userAgent: agent },
    spans_groups: true as const,
  };
  const at = (seconds: number) => signalAt(seconds).time!;
  const began = hours * 3600 + of.minutes * 60;
  const replaces = kinds.includes('review') ? { replaces: [`review-${id}`] } : {};
  return kinds.map((kind): Signal => {
    if (kind === 'review') {
      const time = at(began + of.review * 3600);
      return { ...signalAt(0, { ...common, id: `review-${id}`, rank: 0 }), time };
    }
    const started = kind === 'started';
    const time = at(began + (started ? 0 : of.lasts * 3600));
    return { ...signalAt(0, { ...common, ...replaces, id, rank: started ? 2 : 3 }), time };
  });
}

const batches = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 10 });
const crashes = fc.array(fc.boolean(), { minLength: 1, maxLength: 10 });

function report(details: { seed: number; numRuns: number; failed: boolean; errorInstance: unknown }): void {
  console.log(`seed ${details.seed}, ${details.numRuns} runs`);
  if (details.failed) throw details.errorInstance;
}

test('with all history before it any order, repetition, batching and crash gives the alerts of the plain definition', () => {
  const stream = fc
    .array(fc.tuple(request, fc.nat(24 * 40)), { maxLength: 25 })
    .map((all) => all.flatMap(([one, hours], index) => signalsOf(`s${index}`, hours, one)))
    .chain((all) =>
      fc.tuple(
        fc.shuffledSubarray(all, { minLength: all.length }),
        fc.array(fc.nat(Math.max(0, all.length - 1)), { maxLength: 10 }),
      ),
    )
    .map(([all, again]) => [...all, ...again.flatMap((index) => all[index] ?? [])]);
  const limits = { ...LIMITS, lateness_seconds: Number.MAX_SAFE_INTEGER };
  let alerts = 0;
  const property = fc.property(stream, batches, crashes, (log, ...rest) => {
    const [lengths, kills] = rest;
    const store = runWithCrashes({ plan: PLAN, limits, log, batches: lengths, crashes: kills });
    alerts += standing(store).size;
    assert.deepEqual(standing(store), expected(log));
  });
  report(fc.check(property, { numRuns: 2000 }));
  assert.ok(alerts > 1000, `${alerts} alerts`);
});

test('forgetting what has passed changes nothing, also across crashes', () => {
  const stream = fc
    .array(fc.tuple(request, fc.nat(14), fc.nat({ max: LATENESS_HOURS - 1 })), {
      minLength: 80,
      maxLength: 250,
    })
    .map((all) => {
      let clock = 0;
      return all
        .flatMap(([one, gap, late], index) => {
          // A pause of ten days now and then, after which values are new again.
          clock += index % 40 === 39 ? 240 : gap;
          return signalsOf(`s${index}`, clock, one).map((signal) => ({
            signal,
            arrival: signal.time! + late * HOUR,
          }));
        })
        .sort((a, b) => a.arrival - b.arrival)
        .map(({ signal }) => signal);
    });
  const house = { offsetsKept: 12, sweepEvery: 5, offsetsRestored: 1_000_000 };
  let alerts = 0;
  const property = fc.property(stream, batches, crashes, (log, lengths, kills) => {
    const store = runWithCrashes({
      plan: PLAN,
      limits: LIMITS,
      house,
      log,
      batches: lengths,
      crashes: kills,
    });
    alerts += standing(store).size;
    assert.deepEqual(standing(store), expected(log));
  });
  report(fc.check(property, { numRuns: 200, endOnFailure: true }));
  assert.ok(alerts > 200, `${alerts} alerts`);
});
