import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { planBehaviours } from '../../src/correlate/plan.ts';
import { parseRules } from '../../src/detect/sigma/parse.ts';
import type { Alert } from '../../src/record/alert.ts';
import type { Signal } from '../../src/record/signal.ts';
import { NOON, SECOND, signalAt } from '../unit/correlate/support.ts';
import { runWithCrashes } from './crashes.ts';

const TIMESPAN = 100;
const BEAT = 10;
const RETURNS = 400;
const LATENESS_SECONDS = 60;

const SET = parseRules([
  {
    name: 'r.yml',
    text: `
title: Any
id: any
logsource: {product: kubernetes, service: audit}
detection: {s: {verb: get}, condition: s}
---
title: Silent
id: silent
correlation: {type: absence, rules: [any], timespan: ${TIMESPAN}s}
gatewatch: {suppress: ${RETURNS}s}
`,
  },
]);
const PLAN = planBehaviours(SET, 0);
const LIMITS = {
  lateness_seconds: LATENESS_SECONDS,
  lateness_review_seconds: LATENESS_SECONDS,
  groups_max: 1000,
  signals_per_group_max: 10_000,
  baseline_groups_max: 0,
  baseline_values_per_group_max: 0,
  evidence_max: 4,
};

/** The definition, word by word: of each second's beat whether the stream was steady before it and silent after it. */
function expected(beats: ReadonlySet<number>): string[] {
  const all = [...beats].sort((a, b) => a - b);
  return all.flatMap((last) => {
    const next = all.find((beat) => beat > last);
    if (next === undefined || next <= last + TIMESPAN + BEAT) return [];
    let signs = 0;
    for (let beat = last; beat > last - TIMESPAN; beat -= BEAT) if (beats.has(beat)) signs++;
    if (signs < 8) return [];
    const back = next <= last + RETURNS ? next : undefined;
    return `${last} to ${back ?? `after ${last + TIMESPAN + BEAT}`}`;
  });
}

function told(store: ReadonlyMap<string, Alert>): string[] {
  const seconds = (time: string | undefined) => (Date.parse(time!) * 1000 - NOON) / SECOND;
  return [...store.values()]
    .filter(({ gatewatch }) => gatewatch.status !== 'withdrawn')
    .map(({ event, message }) => {
      const [start, end] = [seconds(event.start), seconds(event.end)];
      return { start, text: `${start} to ${message.includes('until') ? end : `after ${end}`}` };
    })
    .sort((a, b) => a.start - b.start)
    .map(({ text }) => text);
}

/** Stretches with a sign of life in every beat, or only in some of them, and the pauses between. */
const history = fc.array(
  fc.record({
    beats: fc.integer({ min: 1, max: 25 }),
    holes: fc.array(fc.nat(24), { maxLength: 6 }),
    pause: fc.integer({ min: 1, max: 60 }),
  }),
  { minLength: 1, maxLength: 8 },
);

function beatsOf(parts: readonly { beats: number; holes: number[]; pause: number }[]): Set<number> {
  const found = new Set<number>();
  let at = 0;
  for (const { beats, holes, pause } of parts) {
    for (let beat = 0; beat < beats; beat++) if (!holes.includes(beat)) found.add((at + beat) * BEAT);
    at += beats + pause;
  }
  return found;
}

const delivery = fc.record({
  /** By how much each sign of life is late, in turn, and which come twice. */
  late: fc.array(fc.nat(LATENESS_SECONDS / 2), { minLength: 1, maxLength: 20 }),
  twice: fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
  batches: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }),
  crashes: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
});

function delivered(
  beats: ReadonlySet<number>,
  { late, twice }: { late: number[]; twice: boolean[] },
): Signal[] {
  return [...beats]
    .flatMap((beat, index) => {
      const signal = signalAt(beat, { id: `b${beat}`, rule: 'any', target: 'silent', group: [] });
      const at = beat + late[index % late.length]!;
      return twice[index % twice.length]
        ? [
            { at, signal },
            { at: at + 3, signal },
          ]
        : [{ at, signal }];
    })
    .sort((a, b) => a.at - b.at)
    .map(({ signal }) => signal);
}

test('silences are those of the plain definition, in any order within the lateness, with repeats, batches and crashes', (t) => {
  const house = { offsetsKept: 20, sweepEvery: 5, offsetsRestored: 1_000_000 };
  const seed = Number(process.env.GATEWATCH_TEST_SEED ?? Date.now());
  let silences = 0;
  fc.assert(
    fc.property(history, delivery, (parts, how) => {
      const beats = beatsOf(parts);
      const log = delivered(beats, how);
      const { batches, crashes } = how;
      const store = runWithCrashes({ plan: PLAN, limits: LIMITS, house, log, batches, crashes });
      const wanted = expected(beats);
      silences += wanted.length;
      assert.deepEqual(told(store), wanted);
    }),
    { seed, numRuns: 2000 },
  );
  assert.ok(silences > 500, `${silences} silences`);
  t.diagnostic(`seed ${seed}, ${silences} silences`);
});
