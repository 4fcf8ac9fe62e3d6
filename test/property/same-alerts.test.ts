import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { loadConfig } from '../../src/config/load.ts';
import { Correlator } from '../../src/correlate/correlator.ts';
import { Detector } from '../../src/detect/detector.ts';
import type { Alert } from '../../src/record/alert.ts';
import type { ReceivedRecord } from '../../src/record/record.ts';
import { type LoadedRules, loadRules } from '../../src/rules/load.ts';
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

/** Every alert that stands in the end, whole but for its version. */
function alertsOf(stream: readonly ReceivedRecord[], loaded: LoadedRules): Map<string, object> {
  const detector = new Detector(loaded, LIMITS, (limit) =>
    assert.equal(limit, 'object_bytes_max', 'nothing is let go'),
  );
  const correlator = new Correlator(loaded.behaviours(3600), LIMITS, (limit) =>
    assert.equal(limit, 'lateness_seconds', 'nothing is let go'),
  );
  const store = new Map<string, Alert>();
  let offset = 0;
  for (const [index, record] of stream.entries()) {
    for (const signal of detector.detect(record).signals) correlator.add(signal, offset++);
    if (index % 100 === 99) keep(store, correlator.take());
  }
  keep(store, correlator.take());
  const standing = [...store.values()].filter(({ gatewatch }) => gatewatch.status !== 'withdrawn');
  return new Map(
    standing
      .map((alert): [string, object] => {
        const { version, ...gatewatch } = alert.gatewatch;
        return [alert.event.id, { ...alert, gatewatch }];
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const arrivals = (delays: readonly number[]): ReceivedRecord[] =>
  inOrder
    .map(({ record, seconds }, index) => ({ record, arrival: seconds + delays[index % delays.length]! }))
    .sort((a, b) => a.arrival - b.arrival)
    .map(({ record }) => record);

const expected = alertsOf(
  inOrder.map(({ record }) => record),
  rules,
);

test('the recordings give alerts', () => {
  assert.ok(expected.size > 20, `${expected.size} alerts of ${inOrder.length} events`);
});

test('events that come twice, or all of them again, change nothing', () => {
  const once = inOrder.map(({ record }) => record);
  assert.deepEqual(
    alertsOf(
      once.flatMap((record) => [record, record]),
      rules,
    ),
    expected,
  );
  assert.deepEqual(alertsOf([...once, ...once], rules), expected);
});

test('events within the bound of lateness in any order give the same alerts', () => {
  const property = fc.property(
    fc.array(fc.integer({ min: 0, max: DELAY_SECONDS_MAX }), { minLength: 7, maxLength: 97 }),
    (delays) => assert.deepEqual(alertsOf(arrivals(delays), rules), expected),
  );
  report(fc.check(property, { numRuns: 30, endOnFailure: true }));
});

function report(details: { seed: number; failed: boolean; errorInstance: unknown }): void {
  console.log(`seed ${details.seed}`);
  if (details.failed) throw details.errorInstance;
}
