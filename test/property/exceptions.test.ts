import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Correlator } from '../../src/correlate/correlator.ts';
import { Detector } from '../../src/detect/detector.ts';
import type { Alert } from '../../src/record/alert.ts';
import type { ReceivedRecord } from '../../src/record/record.ts';
import { compileRules, type LoadedRules } from '../../src/rules/load.ts';
import { keep } from '../unit/correlate/support.ts';
import { eventWith, recordOf } from '../unit/detect/support.ts';
import { RUNS } from './runs.ts';

const single = (name: string, groupBy: string) => `title: ${name}
id: ${name}
logsource: {product: kubernetes, service: audit}
detection: {resource: {objectRef.resource: ${name}}, condition: resource}
gatewatch: {group-by: [${groupBy}], suppress: 20s}
`;

const correlation = (name: string, said: string, groupBy = 'user.username', more = '') => `title: ${name}
id: ${name}
name: ${name}
correlation: {${said}, generate: true, group-by: [${groupBy}]}
gatewatch: {suppress: 20s${more}}
`;

const RULES = [
  single('pods', 'user.username'),
  single('secrets', 'objectRef.namespace'),
  correlation('burst', 'type: event_count, rules: [pods], timespan: 30s, condition: {gte: 2}'),
  correlation('chain', 'type: temporal_ordered, rules: [pods, secrets], timespan: 1m', 'objectRef.namespace'),
  correlation('outer', 'type: temporal, rules: [burst, secrets], timespan: 1m', 'objectRef.namespace'),
  correlation(
    'first',
    'type: new_value, rules: [secrets], field: userAgent, timespan: 1d',
    'user.username',
    ', learn: 0d',
  ),
];

const CONSUMERS = ['pods', 'secrets', 'burst', 'chain', 'outer', 'first'] as const;

const LIMITS = {
  namespaces_max: 100,
  objects_bytes_max: 65_536,
  object_bytes_max: 4096,
  recent_bytes_max: 10_000_000,
  facts_text_chars_max: 2048,
  event_time_ahead_seconds_max: 1_000_000,
  lateness_seconds: 100_000,
  lateness_review_seconds: 100_000,
  groups_max: 10_000,
  signals_per_group_max: 10_000,
  baseline_groups_max: 10_000,
  baseline_values_per_group_max: 10_000,
  evidence_max: 100,
};

const NOON_MS = Date.UTC(2026, 10, 22, 12);
const SECONDS_MAX = 120;
const at = (seconds: number) => new Date(NOON_MS + seconds * 1000).toISOString();

/** A request with one or two stages. */
interface Happening {
  readonly user: string;
  readonly resource: string;
  readonly namespace: string;
  readonly client: string;
  readonly began: number;
  readonly took: number;
  readonly stages: readonly string[];
}

const happening: fc.Arbitrary<Happening> = fc.record({
  user: fc.constantFrom('alice', 'alice', 'bob'),
  resource: fc.constantFrom('pods', 'secrets'),
  namespace: fc.constantFrom('dev', 'dev', 'prod'),
  client: fc.constantFrom('kubectl', 'curl'),
  began: fc.nat(SECONDS_MAX),
  took: fc.nat(10),
  stages: fc.subarray(['RequestReceived', 'ResponseComplete'], { minLength: 1 }),
});

/** The records of a request. @param name tells it from others */
function recordsOf({ user, resource, namespace, client, began, took, stages }: Happening, name: string) {
  return stages.map((stage) =>
    recordOf(
      eventWith({
        auditID: name,
        stage,
        user: { username: user },
        userAgent: client,
        objectRef: { resource, namespace, name },
        requestReceivedTimestamp: at(began),
        stageTimestamp: at(stage === 'RequestReceived' ? began : began + took),
        ...(stage === 'RequestReceived' ? { responseStatus: undefined } : {}),
      }),
    ),
  );
}

/** What an exception says. */
interface Said {
  readonly rules: readonly string[] | 'any';
  readonly user: string | undefined;
  readonly from: number | undefined;
  readonly expires: number;
}

const exception: fc.Arbitrary<Said> = fc.record({
  rules: fc.oneof(fc.subarray([...CONSUMERS], { minLength: 1 }), fc.constant('any' as const)),
  user: fc.constantFrom('alice', 'bob', undefined),
  from: fc.option(fc.nat(SECONDS_MAX / 2), { nil: undefined }),
  expires: fc.integer({ min: SECONDS_MAX / 2 + 1, max: SECONDS_MAX + 1 }),
});

const textOf = ({ rules, user, from, expires }: Said, id: number) => `title: Exception ${id}
id: e${id}
rules: ${rules === 'any' ? 'any' : `[${rules.join(', ')}]`}
owner: o
reason: r
date: 2026-11-22
${from === undefined ? '' : `from: ${at(from)}`}
expires: ${at(expires)}
detection: {who: {user.username${user === undefined ? '|exists: true' : `: ${user}`}}, condition: who}
`;

/** Which exception, if any, is to take a request from a rule or correlation: the first that holds. */
function takenBy(exceptions: readonly Said[], consumer: string, { user, began }: Happening): number {
  return exceptions.findIndex(
    (each) =>
      (each.rules === 'any' || each.rules.includes(consumer)) &&
      (each.user === undefined || each.user === user) &&
      (each.from === undefined || began >= each.from) &&
      began < each.expires,
  );
}

function compiled(exceptions: readonly Said[]): LoadedRules {
  return compileRules({
    files: [{ name: 'r.yml', text: RULES.join('---\n') }],
    lists: new Map(),
    exceptions: exceptions.map((said, id) => ({ name: `e${id}.yml`, text: textOf(said, id) })),
  });
}

function alertsOf(rules: LoadedRules, stream: readonly ReceivedRecord[]): Alert[] {
  const detector = new Detector(rules, LIMITS);
  const correlator = new Correlator(rules.behaviours(20), LIMITS, () => assert.fail('a limit is reached'));
  const store = new Map<string, Alert>();
  let offset = 0;
  for (const [index, record] of stream.entries()) {
    for (const signal of detector.detect(record).signals) correlator.add(signal, offset++);
    if (index % 3 === 2) keep(store, correlator.take());
  }
  keep(store, correlator.take());
  return [...store.values()].filter(({ gatewatch }) => gatewatch.status !== 'withdrawn');
}

/** Alerts as texts in order, without what only numbers what was said. */
const plain = (alerts: readonly Alert[]): string[] =>
  alerts.map((alert) => JSON.stringify({ ...alert, gatewatch: { ...alert.gatewatch, version: 0 } })).sort();

/** What an alert says of its matches, whatever an exception makes of it. */
const hidden = (alerts: readonly Alert[]): string[] =>
  alerts
    .map(({ '@timestamp': time, rule, user, gatewatch: { count, outcome, evidence } }) =>
      JSON.stringify([time, rule.id, user?.name, count, outcome, evidence]),
    )
    .sort();

const withoutExceptions = compiled([]);

test('the alerts are those of the history without what is excepted, and closed ones of it alone, whatever the order of arrival', () => {
  let open = 0;
  let closed = 0;
  const property = fc.property(
    fc.array(happening, { maxLength: 14 }),
    fc.array(exception, { maxLength: 3 }),
    fc.infiniteStream(fc.nat()),
    (happenings, exceptions, order) => {
      const records = happenings.map((each, index) => recordsOf(each, `r${index}`));
      const places = new Map(records.flat().map((record) => [record, order.next().value!]));
      const shuffled = [...places.keys()].sort((a, b) => places.get(a)! - places.get(b)!);
      const alerts = alertsOf(compiled(exceptions), [...shuffled, ...shuffled.slice(0, 3)]);
      for (const consumer of CONSUMERS) {
        const ofConsumer = alerts.filter(({ rule }) => rule.id === consumer);
        for (const taker of [-1, ...exceptions.keys()]) {
          const left = records.filter(
            (_, index) => takenBy(exceptions, consumer, happenings[index]!) === taker,
          );
          const expected = alertsOf(withoutExceptions, left.flat()).filter(
            ({ rule }) => rule.id === consumer,
          );
          const given = ofConsumer.filter(
            ({ gatewatch }) => gatewatch.exception?.id === (taker < 0 ? undefined : `e${taker}`),
          );
          if (taker < 0) {
            open += given.length;
            assert.deepEqual(plain(given), plain(expected), consumer);
          } else {
            closed += given.length;
            assert.deepEqual(hidden(given), hidden(expected), consumer);
            for (const { gatewatch } of given)
              assert.deepEqual([gatewatch.status, gatewatch.level], ['closed', 'informational']);
          }
        }
      }
    },
  );
  fc.assert(property, { numRuns: Math.ceil(RUNS / 50), endOnFailure: true });
  assert.ok(open > 50 && closed > 50, `${open} open, ${closed} closed`);
});
