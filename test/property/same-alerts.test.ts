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

/** How far a record may be overtaken, seconds: the longest that retries of the API server were seen to take is under it. */
const DELAY_SECONDS_MAX = 180;

/** Later than everything recorded, so that every time is believed. */
const RECEIVED_MS = Date.UTC(2030, 0, 1);

const rules = await loadRules(loadConfig({ env: {} }).detect);

/** Events in the order in which the API server sent them, with the second of each. */
const records = new Map<string, { record: ReceivedRecord; seconds: number }>();
for (const line of recordedLines('0*')) {
  const record = recordOf(line, RECEIVED_MS);
  const { stageTimestamp } = JSON.parse(line);
  records.set(record.id, { record, seconds: Date.parse(stageTimestamp) / 1000 });
}
const inOrder = [...records.values()].sort((a, b) => a.seconds - b.seconds);

/** Id, count and evidence of every alert that stands in the end. */
function alertsOf(stream: readonly ReceivedRecord[], loaded: LoadedRules): Map<string, string> {
  const detector = new Detector(loaded, LIMITS);
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
      .map(({ event, rule, gatewatch }): [string, string] => {
        const { count, outcome, evidence } = gatewatch;
        return [event.id, `${rule.name}: ${count} ${outcome} ${evidence.map((one) => one.record_id).join()}`];
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

/** Kinds of objects of which is remembered what they were. */
const REMEMBERED =
  /"resource":"(?:namespaces|pods|deployments|replicasets|statefulsets|daemonsets|jobs|cronjobs|roles|clusterroles|rolebindings|clusterrolebindings|[a-z]*(?:webhookconfigurations|policies|policybindings))"/;

/** Fields that tell what a write changed, or who wrote what a controller acts for, and so what was there before. */
const COMPARING =
  /gatewatch\.(?:namespace\.|policy\.|actor\.author|object\.before|pod\.container_added|[a-z_]+\.(?:added\.|\w+_added))/;

/** Titles of the rules that read such a field, and of the correlations over them. */
const comparing = titlesOfComparing();

function titlesOfComparing(): ReadonlySet<string> {
  const { sources, set } = rules;
  const files = new Set(sources.files.filter(({ text }) => COMPARING.test(text)).map(({ name }) => name));
  const own = set.rules.filter(({ file }) => files.has(file));
  const ids = new Set(own.map(({ id }) => id));
  const over = set.correlations.filter((correlation) => correlation.rules.some((id) => ids.has(id)));
  return new Set([...own, ...over].map(({ title }) => title));
}

/**
 * The exact limit: an alert about a change says what was there before, and some changes are only alerts because of it; so does one about
 * whoever is behind a controller. That is known only if the write before it has arrived. So writes of what is remembered keep their order here; all other events are overtaken at will.
 */
test('events within the bound of lateness in any order give the same alerts, where writes of one object keep theirs', () => {
  const isRemembered = inOrder.map(({ record }) => REMEMBERED.test(record.bytes.toString()));
  const property = fc.property(
    fc.array(fc.integer({ min: 0, max: DELAY_SECONDS_MAX }), { minLength: 7, maxLength: 97 }),
    (delays) => {
      const each = inOrder.map((_, index) => (isRemembered[index] ? 0 : delays[index % delays.length]!));
      assert.deepEqual(alertsOf(arrivals(each), rules), expected);
    },
  );
  report(fc.check(property, { numRuns: 6, endOnFailure: true }));
});

test('where writes overtake each other too, all alerts that do not speak of a change are the same', () => {
  assert.ok(
    comparing.size > 10 && comparing.size < rules.set.rules.length / 3,
    `${comparing.size} rules compare`,
  );
  const others = (alerts: Map<string, string>) =>
    [...alerts].filter(([, text]) => !comparing.has(text.slice(0, text.indexOf(': '))));
  const property = fc.property(
    fc.array(fc.integer({ min: 0, max: DELAY_SECONDS_MAX }), { minLength: 7, maxLength: 97 }),
    (delays) => assert.deepEqual(others(alertsOf(arrivals(delays), rules)), others(expected)),
  );
  report(fc.check(property, { numRuns: 6, endOnFailure: true }));
});

function report(details: { seed: number; failed: boolean; errorInstance: unknown }): void {
  console.log(`seed ${details.seed}`);
  if (details.failed) throw details.errorInstance;
}
