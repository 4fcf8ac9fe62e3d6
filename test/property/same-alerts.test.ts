import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { loadConfig } from '../../src/config/load.ts';
import { Correlator } from '../../src/correlate/correlator.ts';
import { Detector } from '../../src/detect/detector.ts';
import type { LogEntry } from '../../src/log/port.ts';
import type { Alert } from '../../src/record/alert.ts';
import type { ReceivedRecord } from '../../src/record/record.ts';
import type { Signal } from '../../src/record/signal.ts';
import { loadRules } from '../../src/rules/load.ts';
import { changeFromEntry, changeToEntry } from '../../src/stages/memory.ts';
import { keep } from '../unit/correlate/support.ts';
import { recordedLines, recordOf } from '../unit/detect/support.ts';

const LIMITS = {
  namespaces_max: 10_000,
  objects_bytes_max: 67_108_864,
  object_bytes_max: 65_536,
  recent_bytes_max: 10_000_000,
  facts_text_chars_max: 2048,
  event_time_ahead_seconds_max: 300,
  lateness_seconds: 300,
  lateness_review_seconds: 300,
  groups_max: 200_000,
  signals_per_group_max: 10_000,
  baseline_groups_max: 10_000,
  baseline_values_per_group_max: 10_000,
  evidence_max: 20,
};

/** How far a record may be overtaken, seconds; to a match the time of its request counts, which may be some seconds earlier. */
const DELAY_SECONDS_MAX = 280;

/** Later than everything recorded, so that every time is believed. */
const RECEIVED_MS = Date.UTC(2030, 0, 1);

const rules = await loadRules(loadConfig({ env: {} }).detect);

/** Events in the order in which the API server sent them, with the second of each. */
const records = new Map<string, { record: ReceivedRecord; seconds: number }>();
for (const line of recordedLines()) {
  const record = recordOf(line, RECEIVED_MS);
  const { stageTimestamp } = JSON.parse(line);
  records.set(record.id, { record, seconds: Date.parse(stageTimestamp) / 1000 });
}
const inOrder = [...records.values()].sort((a, b) => a.seconds - b.seconds);

/** Lengths of batches, and where in their work the detector is killed; both from the beginning again when they end. */
interface Running {
  readonly batches: readonly number[];
  readonly crashes: readonly (false | 'signals are stored' | 'all is stored')[];
}

/**
 * The signals of the detect stage: it stores signals, then what was learnt, then commits. After a crash a fresh one is given what was stored, reads again
 * from where the state of the other rested on, says nothing meanwhile, and is given the batch in hand once more.
 */
function* signalsOf(stream: readonly ReceivedRecord[], { batches, crashes }: Running): Iterable<Signal> {
  const table = new Map<string, LogEntry>();
  const fresh = () => {
    const detector = new Detector(rules, LIMITS, (limit) =>
      assert.equal(limit, 'object_bytes_max', 'nothing is let go'),
    );
    detector.restore([...table.values()].flatMap((entry) => changeFromEntry(entry) ?? []));
    return detector;
  };
  let detector = fresh();
  let restoreFrom = 0;
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    const end = Math.min(stream.length, at + batches[turn % batches.length]!);
    const crash = crashes[turn % crashes.length];
    for (const again of crash ? [false, true] : [false]) {
      if (again) {
        detector = fresh();
        for (let offset = restoreFrom; offset < at; offset++) detector.detect(stream[offset]!, offset);
      }
      const learnt: LogEntry[] = [];
      for (let offset = at; offset < end; offset++) {
        const detection = detector.detect(stream[offset]!, offset);
        yield* detection.signals;
        learnt.push(...detection.learnt.map(changeToEntry));
      }
      if (crash === 'signals are stored' && !again) continue;
      for (const entry of learnt) {
        if (entry.value.length > 0) table.set(entry.key, entry);
        else table.delete(entry.key);
      }
    }
    restoreFrom = Math.min(detector.restoreFrom ?? end, end);
    at = end;
  }
}

/** Every alert that stands in the end, whole but for its version. */
function alertsOf(
  stream: readonly ReceivedRecord[],
  running: Running = { batches: [100], crashes: [false] },
): Map<string, object> {
  const correlator = new Correlator(rules.behaviours(3600), LIMITS, (limit) =>
    assert.equal(limit, 'lateness_seconds', 'nothing is let go'),
  );
  const store = new Map<string, Alert>();
  let offset = 0;
  for (const signal of signalsOf(stream, running)) {
    correlator.add(signal, offset++);
    if (offset % 100 === 99) keep(store, correlator.take());
  }
  keep(store, correlator.take());
  const standing = [...store.values()].filter(({ gatewatch }) => gatewatch.status !== 'withdrawn');
  return new Map(
    standing
      .map((alert): [string, object] => {
        const { version, ...gatewatch } = alert.gatewatch;
        return [alert.event.id, JSON.parse(JSON.stringify({ ...alert, gatewatch }))];
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const arrivals = (delays: readonly number[]): ReceivedRecord[] =>
  inOrder
    .map(({ record, seconds }, index) => ({ record, arrival: seconds + delays[index % delays.length]! }))
    .sort((a, b) => a.arrival - b.arrival)
    .map(({ record }) => record);

const expected = alertsOf(inOrder.map(({ record }) => record));

test('the recordings give alerts', () => {
  assert.ok(expected.size > 20, `${expected.size} alerts of ${inOrder.length} events`);
});

test('events that come twice, or all of them again, change nothing', () => {
  const once = inOrder.map(({ record }) => record);
  assert.deepEqual(alertsOf(once.flatMap((record) => [record, record])), expected);
  assert.deepEqual(alertsOf([...once, ...once]), expected);
});

const delays = fc.array(fc.integer({ min: 0, max: DELAY_SECONDS_MAX }), { minLength: 7, maxLength: 97 });

test('events within the bound of lateness in any order give the same alerts', () => {
  const property = fc.property(delays, (each) => assert.deepEqual(alertsOf(arrivals(each)), expected));
  report(fc.check(property, { numRuns: 20, endOnFailure: true }));
});

test('so they do with any batches and crashes', () => {
  const running = fc.record({
    batches: fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 10 }),
    crashes: fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.constant(false as const) },
        { weight: 1, arbitrary: fc.constantFrom('signals are stored' as const, 'all is stored' as const) },
      ),
      { minLength: 1, maxLength: 20 },
    ),
  });
  const property = fc.property(delays, running, (each, how) =>
    assert.deepEqual(alertsOf(arrivals(each), how), expected),
  );
  report(fc.check(property, { numRuns: 12, endOnFailure: true }));
});

function report(details: { seed: number; failed: boolean; errorInstance: unknown }): void {
  console.log(`seed ${details.seed}`);
  if (details.failed) throw details.errorInstance;
}
