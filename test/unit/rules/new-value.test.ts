import assert from 'node:assert/strict';
import test from 'node:test';
import { Correlator } from '../../../src/correlate/correlator.ts';
import { Detector } from '../../../src/detect/detector.ts';
import type { Alert } from '../../../src/record/alert.ts';
import type { ReceivedRecord } from '../../../src/record/record.ts';
import { compileRules } from '../../../src/rules/load.ts';
import { keep, standing } from '../correlate/support.ts';
import { recordOf, reviewRecord } from '../detect/support.ts';

const LIMITS = {
  namespaces_max: 100,
  objects_bytes_max: 1_000_000,
  object_bytes_max: 10_000,
  recent_bytes_max: 10_000_000,
  facts_text_chars_max: 2048,
  event_time_ahead_seconds_max: 300,
  lateness_seconds: 300,
  lateness_review_seconds: 300,
  groups_max: 1000,
  signals_per_group_max: 1000,
  baseline_groups_max: 2,
  baseline_values_per_group_max: 3,
  evidence_max: 20,
};

const rulesWith = (correlation: string, gatewatch = '{}') => `
title: Secret read
name: secret_read
id: secret-read
logsource: {product: kubernetes, service: audit}
detection:
  secret: {objectRef.resource: secrets, verb: [get, list]}
  condition: secret
level: informational
---
title: Secret read in a new way
id: new-way
level: high
correlation:
  type: new_value
  rules: [secret_read]
  timespan: 14d
${correlation.replaceAll(/^/gm, '  ')}
gatewatch: ${gatewatch}
`;

const BY_USER = 'group-by: [user.username]\nfield: userAgent';

interface Read {
  /** After noon of the first of November. */
  readonly day: number;
  readonly user?: string;
  readonly agent?: string | undefined;
  readonly fields?: object;
}

let reads = 0;

/** A secret that is read, by alice with kubectl. */
function read({ day, user = 'alice', fields, ...given }: Read): ReceivedRecord {
  const time = new Date(Date.UTC(2026, 10, 1, 12) + Math.round(day * 86_400_000)).toISOString();
  return recordOf(
    {
      level: 'Metadata',
      auditID: `read-${reads++}`,
      stage: 'ResponseComplete',
      requestURI: '/api/v1/namespaces/prod/secrets/db',
      verb: 'get',
      user: { username: user },
      sourceIPs: ['10.0.0.7'],
      userAgent: 'agent' in given ? given.agent : 'kubectl/v1.34.0 (linux/amd64)',
      objectRef: { resource: 'secrets', namespace: 'prod', name: 'db', apiVersion: 'v1' },
      responseStatus: { code: 200 },
      requestReceivedTimestamp: time.replace('Z', '000Z'),
      stageTimestamp: time.replace('Z', '000Z'),
      ...fields,
    },
    Date.parse(time) + 1000,
  );
}

/** The alerts that stand after the records, each its own batch, and the limits that were reached. */
function run(text: string, records: readonly ReceivedRecord[]): { alerts: Alert[]; reached: string[] } {
  const rules = compileRules({
    files: [{ name: 'rules.yml', text }],
    lists: new Map(),
  });
  const reached: string[] = [];
  const detector = new Detector(rules, LIMITS);
  const correlator = new Correlator(rules.behaviours(3600), LIMITS, (limit) => reached.push(limit));
  const store = new Map<string, Alert>();
  let offset = 0;
  for (const record of records) {
    for (const signal of detector.detect(record).signals) correlator.add(signal, offset++);
    keep(store, correlator.take());
  }
  const alerts = [...standing(store).values()] as Alert[];
  return { alerts: alerts.sort((a, b) => (a['@timestamp'] < b['@timestamp'] ? -1 : 1)), reached };
}

/** Day, user and value of each alert. */
const summary = ({ alerts }: { alerts: readonly Alert[] }) =>
  alerts.map(({ event, user, gatewatch }) => {
    const days = (Date.parse(event.start!) - Date.UTC(2026, 10, 1, 12)) / 86_400_000;
    return `${days} ${user?.name} ${gatewatch.baseline?.value.join('+')} ${gatewatch.count}`;
  });

const CURL = 'curl/8.1';

test('what is new after a week of learning is told, once, and said what it is', () => {
  const { alerts } = run(rulesWith(BY_USER), [
    read({ day: 0 }),
    read({ day: 6.9, agent: 'learnt/1' }),
    read({ day: 8 }),
    read({ day: 8.5, agent: CURL }),
    read({ day: 8.51, agent: CURL }),
    read({ day: 9, agent: CURL }),
    read({ day: 9, agent: 'learnt/1' }),
  ]);
  assert.equal(alerts.length, 1);
  const { message, gatewatch, event, rule } = alerts[0]!;
  assert.equal(
    message,
    'alice (with curl/8.1, from 10.0.0.7) read secret db in namespace prod of cluster c; the API server answered 200; first time in 8 days that alice did this with userAgent curl/8.1; seen 2 times between 2026-11-10 00:00:00Z and 00:14:24Z.',
  );
  assert.deepEqual(gatewatch.baseline, {
    field: ['userAgent'],
    value: [CURL],
    learned_since: '2026-11-01T12:00:00.000000Z',
  });
  assert.deepEqual([gatewatch.count, event.severity, rule.id], [2, 73, 'new-way']);
});

test('who is new is told too, and a baseline of nobody is of all', () => {
  const records = [read({ day: 0 }), read({ day: 20, user: 'mallory' })];
  const [alert] = run(rulesWith(BY_USER), records).alerts;
  assert.match(
    alert!.message,
    /; first time in 14 days that mallory did this with userAgent kubectl\/v1\.34\.0/,
  );
  assert.deepEqual(summary(run(rulesWith('field: userAgent'), records)), [
    '20 mallory kubectl/v1.34.0 (linux/amd64) 1',
  ]);
  const ofAll = [read({ day: 0 }), read({ day: 9, user: 'mallory' }), read({ day: 10, agent: CURL })];
  const [only, ...others] = run(rulesWith('field: userAgent'), ofAll).alerts;
  assert.deepEqual(others, []);
  assert.match(only!.message, /; first time in 10 days that anyone did this with userAgent curl/);
});

test('a value not seen for the timespan, in whole days, is new again, and it is said when it was seen', () => {
  const since = (day: number) =>
    run(rulesWith(BY_USER), [read({ day: 0 }), read({ day: 9 }), read({ day })]).alerts.map(
      ({ gatewatch }) => gatewatch.baseline!.last_seen,
    );
  assert.deepEqual(since(23.4), [], 'looks back to the beginning of the tenth');
  assert.deepEqual(since(23.6), ['2026-11-10']);
  assert.deepEqual(since(37.4), ['2026-11-10']);
  assert.deepEqual(since(37.6), [undefined], 'too long ago to be remembered');
});

test('learning is as long as the rule says', () => {
  const records = [read({ day: 0 }), read({ day: 0.5, agent: CURL }), read({ day: 2.5, agent: 'b' })];
  assert.deepEqual(summary(run(rulesWith(BY_USER, '{learn: 2d}'), records)), ['2.5 alice b 1']);
  const [first, second] = run(rulesWith(BY_USER, '{learn: 0d}'), records).alerts;
  assert.match(
    first!.message,
    /; first time since 2026-11-01 12:00:00Z that alice did this with userAgent kubectl/,
  );
  assert.match(
    second!.message,
    /; first time since 2026-11-01 12:00:00Z that alice did this with userAgent curl/,
  );
});

test('several fields are one value; other groups are named; an alias is read by rule', () => {
  const rules = rulesWith(
    'group-by: [user.username, objectRef.namespace]\nfield: [client, sourceIPs]\naliases: {client: {secret_read: userAgent}}',
  );
  const { alerts } = run(rules, [
    read({ day: 0 }),
    read({ day: 0, agent: CURL, fields: { sourceIPs: ['192.0.2.1'] } }),
    read({ day: 8, agent: CURL }),
  ]);
  assert.deepEqual(alerts[0]!.gatewatch.baseline!.field, ['client', 'sourceIPs']);
  assert.deepEqual(alerts[0]!.gatewatch.baseline!.value, [CURL, '10.0.0.7']);
  assert.match(
    alerts[0]!.message,
    /; first time in 8 days that alice did this with client curl\/8\.1 and with sourceIPs 10\.0\.0\.7 where objectRef\.namespace is prod\.$/,
  );
});

test('a field that is absent is a value, once the request is done', () => {
  const { alerts } = run(rulesWith(BY_USER), [read({ day: 0 }), read({ day: 8, agent: undefined })]);
  assert.match(alerts[0]!.message, /; first time in 8 days that alice did this without userAgent\.$/);
  const code = rulesWith('group-by: [user.username]\nfield: responseStatus.code');
  const stages = [
    read({ day: 0 }),
    read({ day: 8, fields: { stage: 'RequestReceived', responseStatus: undefined } }),
  ];
  assert.deepEqual(summary(run(code, stages)), []);
});

test('a review that lacks the field says nothing', () => {
  const rules = rulesWith(BY_USER).replace('verb: [get, list]', 'verb: create');
  const created = (day: number) => read({ day, fields: { verb: 'create' } });
  const review = reviewRecord(
    {
      uid: 'u',
      operation: 'CREATE',
      resource: { group: '', version: 'v1', resource: 'secrets' },
      namespace: 'prod',
      name: 'db',
      userInfo: { username: 'alice' },
      object: {},
    },
    Date.UTC(2026, 10, 12),
  );
  assert.deepEqual(summary(run(rules, [created(0), created(9), review])), []);
});

test('a match without a time is not judged', () => {
  const { alerts } = run(rulesWith(BY_USER), [
    read({ day: 0 }),
    read({ day: 8, agent: CURL, fields: { stageTimestamp: 'soon', requestReceivedTimestamp: undefined } }),
  ]);
  assert.deepEqual(alerts, []);
});

test('a value is cut at 512 characters', () => {
  const long = 'x'.repeat(600);
  const { alerts } = run(rulesWith(BY_USER), [
    read({ day: 0 }),
    read({ day: 8, agent: long }),
    read({ day: 9, agent: `${long}y` }),
  ]);
  assert.deepEqual(
    alerts.map(({ gatewatch }) => gatewatch.baseline!.value[0]!.length),
    [512],
  );
});

test('what there is no room for is neither remembered nor told, and is counted', () => {
  const agents = ['b', 'c', 'd', 'd', 'e'];
  const { alerts, reached } = run(rulesWith(BY_USER), [
    read({ day: 0 }),
    ...agents.map((agent, index) => read({ day: 8 + index, agent })),
    read({ day: 20, user: 'bob' }),
    read({ day: 21, user: 'carol' }),
    read({ day: 22 }),
  ]);
  assert.deepEqual(summary({ alerts }), [
    '8 alice b 1',
    '9 alice c 1',
    '20 bob kubectl/v1.34.0 (linux/amd64) 1',
    '22 alice kubectl/v1.34.0 (linux/amd64) 1',
  ]);
  assert.deepEqual(reached, [
    'baseline_values_per_group_max',
    'baseline_values_per_group_max',
    'baseline_values_per_group_max',
    'baseline_groups_max',
  ]);
});

test('clusters and rules do not mix', () => {
  const other = (record: ReceivedRecord) => ({ ...record, cluster: 'other', id: `other-${record.id}` });
  const records = [
    read({ day: 0 }),
    other(read({ day: 5 })),
    other(read({ day: 8, agent: CURL })),
    read({ day: 8, agent: CURL }),
  ];
  assert.deepEqual(
    run(rulesWith(BY_USER), records).alerts.map(({ orchestrator }) => orchestrator.cluster.name),
    ['c'],
  );
});
