import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { alertOf } from '../../src/correlate/alert.ts';
import { Correlator, type Housekeeping } from '../../src/correlate/correlator.ts';
import { bySequence } from '../../src/correlate/episodes.ts';
import type { Alert } from '../../src/record/alert.ts';
import type { Signal } from '../../src/record/signal.ts';
import { NOON, signalAt, standing } from '../unit/correlate/support.ts';
import { plainAlerts } from './correlations/plain.ts';
import { PLAN, RULES, waysTo } from './correlations/rules.ts';
import { runWithCrashes } from './crashes.ts';

const LATENESS = 20;

const LIMITS = {
  lateness_seconds: LATENESS,
  lateness_review_seconds: LATENESS,
  groups_max: 1000,
  signals_per_group_max: 1000,
  baseline_groups_max: 0,
  baseline_values_per_group_max: 0,
  evidence_max: 6,
};

/** What gives alerts: each correlation that no other refers to, and a rule by itself. */
const TARGETS = ['a', ...Object.keys(RULES).filter((id) => !RULES[id]!.inner)];

function expected(signals: readonly Signal[]): Map<string, unknown> {
  const store = new Map<string, Alert>();
  const groups = Map.groupBy(signals, ({ target, cluster, group }) =>
    JSON.stringify([target, cluster, group]),
  );
  for (const group of groups.values()) {
    // Of the stages of a request, as it is seen in each way, the last.
    const latest = new Map<string, Signal>();
    for (const signal of group) {
      const key = JSON.stringify([signal.id, signal.through?.map(({ correlation }) => correlation)]);
      if (signal.withdrawn) latest.delete(key);
      else if (signal.rank >= (latest.get(key)?.rank ?? 0)) latest.set(key, signal);
    }
    const replaced = new Set([...latest.values()].flatMap(({ replaces }) => replaces ?? []));
    const sorted = [...latest.values()].filter(({ id }) => !replaced.has(id)).sort(bySequence);
    const { target } = group[0]!;
    const context = { version: 0, evidenceMax: LIMITS.evidence_max, overflowed: false };
    for (const episode of plainAlerts(target, sorted)) {
      const alert = alertOf(episode, PLAN.get(target)!.rule, context);
      assert.ok(!store.has(alert.event.id), 'two alerts are not one');
      store.set(alert.event.id, alert);
    }
  }
  return standing(store);
}

/** A request, whose stages and review share what does not change. */
interface Request {
  readonly name: string;
  readonly seconds: number;
  readonly rule: string;
  readonly values: Readonly<Record<string, string>>;
  readonly outcome: 'admitted' | 'denied';
  readonly kinds: readonly string[];
}

const request = fc.record({
  rule: fc.constantFrom('a', 'a', 'b', 'c'),
  values: fc.record({
    user: fc.constantFrom('x', 'x', 'y', ''),
    size: fc.constantFrom('1', '2', '-3', '0.25', '', 'many'),
  }),
  outcome: fc.constantFrom('admitted' as const, 'denied' as const),
  kinds: fc.subarray(['review', 'started', 'complete'], { minLength: 1 }),
});

/** The signals of a request for one target: of each stage, in each way in which the target sees the rule. */
function signalsFor(
  target: string,
  { name, seconds, rule, values, outcome, kinds }: Request,
  where: Partial<Signal>,
) {
  const ways = target === rule ? [[]] : target in RULES ? waysTo(target, rule) : [];
  return ways.flatMap((way) => {
    const through = way.map((correlation) => ({ correlation, group: [values.user!], values }));
    const base = {
      ...where,
      rule,
      target,
      values,
      admission: { outcome },
      ...(through.length > 0 ? { through } : {}),
    };
    const review = `review-${name}`;
    return kinds.map((kind): Signal => {
      if (kind === 'review') return signalAt(seconds, { ...base, id: review, rank: 0 });
      const replaces = kinds.includes('review') ? { replaces: [review] } : {};
      return signalAt(seconds, { ...base, ...replaces, id: name, rank: kind === 'started' ? 2 : 3 });
    });
  });
}

/** What is said of a record later, once it is known what came before it: its signal as another, or none. */
interface Word {
  readonly of: number;
  readonly later: number;
  readonly withdraws: boolean;
}

const words = fc.array(fc.record({ of: fc.nat(), later: fc.nat(12), withdraws: fc.boolean() }), {
  maxLength: 6,
});

function withWords(log: readonly Signal[], words: readonly Word[]): Signal[] {
  const said = [...log];
  for (const { of, later, withdraws } of words) {
    const at = of % Math.max(1, said.length);
    const signal = said[at];
    // Of a request that several records tell of, all of them are looked at again.
    if (!signal || said.some(({ id, rank }) => id === signal.id && rank !== signal.rank)) continue;
    const { withdrawn, ...known } = signal;
    const outcome = signal.admission.outcome === 'admitted' ? 'denied' : 'admitted';
    const word: Signal = withdraws ? { ...known, withdrawn: true } : { ...known, admission: { outcome } };
    said.splice(at + 1 + later, 0, word);
  }
  return said;
}

const targets = fc.uniqueArray(fc.constantFrom(...TARGETS), { minLength: 1, maxLength: 3 });
const batches = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 10 });
const crashes = fc.array(fc.boolean(), { minLength: 1, maxLength: 10 });

/** Signals of some requests in any order, some of them repeated. */
const stream = fc
  .record({
    targets,
    requests: fc.array(
      fc.record({
        request,
        seconds: fc.nat(40),
        cluster: fc.constantFrom('prod', 'prod', 'test'),
        group: fc.constantFrom('g', 'g', 'h'),
      }),
      { maxLength: 20 },
    ),
    order: fc.infiniteStream(fc.nat()),
    again: fc.array(fc.nat(), { maxLength: 10 }),
    words,
    batches,
    crashes,
  })
  .map(({ targets, requests, order, again, words, batches, crashes }) => {
    const all = requests.flatMap(({ request, seconds, cluster, group }, index) =>
      targets.flatMap((target) =>
        signalsFor(target, { ...request, seconds, name: `r${index}` }, { cluster, group: [group] }),
      ),
    );
    const repeated = [...all, ...again.flatMap((index) => all[index % Math.max(1, all.length)] ?? [])];
    const places = new Map(repeated.keys().map((index) => [index, order.next().value!]));
    const log = [...repeated.keys()]
      .sort((a, b) => places.get(a)! - places.get(b)!)
      .map((index) => repeated[index]!);
    return { log: withWords(log, words), batches, crashes };
  });

interface Run {
  readonly log: readonly Signal[];
  readonly batches: readonly number[];
  readonly crashes: readonly boolean[];
}

/** Checks a property that many times, and says with which seed. */
function check(arbitrary: fc.Arbitrary<Run>, runs: number, house?: Housekeeping): void {
  const property = fc.property(arbitrary, ({ log, batches, crashes }) => {
    const store = runWithCrashes({
      plan: PLAN,
      limits: LIMITS,
      log,
      batches,
      crashes,
      ...(house && { house }),
    });
    assert.deepEqual(standing(store), expected(log));
  });
  const { seed, failed, numRuns } = fc.check(property, { numRuns: runs, endOnFailure: true });
  console.log(`seed ${seed}, ${numRuns} runs`);
  if (failed) fc.assert(property, { seed, numRuns: runs, interruptAfterTimeLimit: 20_000 });
}

test('any order, repetition, batching and crash gives the alerts of the plain definition', () => {
  check(stream, 6000);
});

const HOUSE = { offsetsKept: 12, sweepEvery: 5, offsetsRestored: 1_000_000 };

/** A stream that lasts: its signals come at most LATENESS - 1 seconds late, some of them soon again, and what has passed is forgotten often. */
const longStream = (among: readonly string[], groups: number) =>
  fc
    .record({
      targets: fc.uniqueArray(fc.constantFrom(...among), { minLength: 1, maxLength: 2 }),
      requests: fc.array(
        fc.record({
          request,
          gap: fc.oneof(
            { weight: 12, arbitrary: fc.nat(2) },
            { weight: 3, arbitrary: fc.nat(8) },
            { weight: 1, arbitrary: fc.integer({ min: 9, max: 60 }) },
          ),
          late: fc.nat(LATENESS - 1),
          group: fc.nat(groups - 1),
          again: fc.boolean(),
        }),
        { minLength: 40, maxLength: 100 },
      ),
      batches,
      crashes,
    })
    .map(({ targets, requests, batches, crashes }) => {
      let clock = 0;
      const arriving = requests.flatMap(({ request, gap, late, group, again }, index) => {
        clock += gap;
        return targets.flatMap((target) =>
          signalsFor(target, { ...request, seconds: clock, name: `r${index}` }, { group: [`g${group}`] }).map(
            (signal) => ({
              signal,
              arrival: clock + late,
              again,
            }),
          ),
        );
      });
      arriving.sort((a, b) => a.arrival - b.arrival);
      const log = arriving.flatMap(({ signal }, index) => {
        const before = arriving[index - 5];
        return before?.again ? [signal, before.signal] : [signal];
      });
      return { log, batches, crashes };
    });

test('forgetting what has passed changes nothing, also across crashes', () => {
  check(longStream(TARGETS, 2), 400, HOUSE);
});

test('nor does it where correlations refer to others', () => {
  const chained = TARGETS.filter((id) => RULES[id]?.rules.some((rule) => rule in RULES));
  check(longStream(chained, 1), 400, HOUSE);
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
    correlator.add(signalAt(0, { id: `s${offset}`, rule: 'a', time, group: [user] }), offset);
    if (offset % 500 !== 499) continue;
    alerts += correlator.take().filter(({ isNew }) => isNew).length;
    groupsMax = Math.max(groupsMax, correlator.groups);
    behindMax = Math.max(behindMax, offset - (correlator.restoreFrom ?? offset));
  }
  assert.ok(groupsMax < 1000, `${groupsMax} groups`);
  assert.ok(alerts > 4000, `${alerts} alerts`);
  assert.ok(behindMax < 30_000, `restoreFrom lies ${behindMax} behind`);
});
