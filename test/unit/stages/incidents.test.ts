import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Stages, startStages } from '../../../src/app.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { alertToEntry } from '../../../src/log/codec.ts';
import { partitionedBy } from '../../../src/log/port.ts';
import type { Alert } from '../../../src/record/alert.ts';
import { formatEventTime } from '../../../src/record/time.ts';
import { Metrics } from '../../../src/telemetry/metrics.ts';
import { type AlertChoice, alertOf } from '../../contract/alert-store-fixtures.ts';
import { NOON, SECOND } from '../correlate/support.ts';

/** Stages over a database that can be started again. */
async function setUp(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-incidents-'));
  const metrics = new Metrics();
  const config = configSchema.parse({ correlate: { incident_seconds: 600, incident_alerts_max: 4 } });
  const start = () => startStages(config, { database: join(folder, 'gatewatch.db'), metrics });
  let stages: Stages = await start();
  t.after(async () => {
    await stages.close();
    await rm(folder, { recursive: true });
  });
  return {
    metrics,
    async restart(): Promise<void> {
      await stages.close();
      stages = await start();
      await stages.drained();
    },
    async index(...alerts: Alert[]): Promise<void> {
      await stages.log.append('alerts', alerts.map(alertToEntry));
      await stages.drained();
    },
    acknowledge: async (alert: Alert) =>
      stages.alerts!.put([{ ...alert, gatewatch: { ...alert.gatewatch, status: 'acknowledged' } }]),
    get: async (id: string) => (await stages.alerts!.get(id))!,
    /** The members of the incident of each alert, by id. */
    async told(): Promise<string[]> {
      const { alerts } = await stages.alerts!.find({ sort: 'time', order: 'asc', limit: 100 });
      return alerts.map(
        ({ event, gatewatch }) =>
          `${event.id}: ${gatewatch.incident?.members.map(({ id }) => id).join('') ?? 'alone'}`,
      );
    },
  };
}

const at = (id: string, seconds: number, choice: Partial<AlertChoice> = {}): Alert =>
  alertOf({ id, user: 'alice', time: formatEventTime(NOON + seconds * SECOND), ...choice });

test('alerts join an incident as they come, those stored before too', async (t) => {
  const { index, told, get, acknowledge } = await setUp(t);
  await index(at('a', 0));
  assert.deepEqual(await told(), ['a: alone']);
  await acknowledge(await get('a'));
  await index(at('c', 60), at('x', 60, { user: 'bob' }), at('y', 60, { cluster: 'other' }));
  await index(at('b', 30, { severity: 'critical' }), at('d', 1000));
  assert.deepEqual(await told(), ['a: abc', 'b: abc', 'c: abc', 'x: alone', 'y: alone', 'd: alone']);
  const { status, incident } = (await get('a')).gatewatch;
  assert.equal(status, 'acknowledged', 'what a person said stays');
  assert.deepEqual([incident?.count, incident?.level], [3, 'critical']);
  assert.match(
    incident!.message,
    /^alice in cluster prod-eu, 3 alerts between 2026-11-22 12:00:00Z and 12:01:00Z: /,
  );
});

test('an alert that is withdrawn, or turns out to be about somebody else, leaves', async (t) => {
  const { index, told } = await setUp(t);
  await index(at('a', 0), at('b', 10), at('c', 20), at('x', 20, { user: 'bob' }));
  assert.deepEqual(await told(), ['a: abc', 'b: abc', 'c: abc', 'x: alone']);
  await index(at('b', 10, { gatewatch: { version: 2, status: 'withdrawn' } }));
  assert.deepEqual(await told(), ['a: ac', 'c: ac', 'x: alone']);
  const actor = { kind: 'controller', author: 'bob', chain: ['alice', 'bob'] };
  await index(at('c', 20, { gatewatch: { version: 2, actor } }));
  assert.deepEqual(await told(), ['a: alone', 'c: cx', 'x: cx']);
  await index(at('c', 20));
  assert.deepEqual(await told(), ['a: alone', 'c: cx', 'x: cx'], 'an old version changes nothing');
});

test('a restart goes on with the incidents that were open', async (t) => {
  const { index, told, restart, metrics } = await setUp(t);
  await index(at('a', 0), at('b', 10));
  await restart();
  await index(at('c', 20));
  assert.deepEqual(await told(), ['a: abc', 'b: abc', 'c: abc']);
  assert.equal((await metrics.read('indexIncidentAlerts'))[0]!.value, 3);
  await restart();
  await index(at('d', 30), at('e', 40));
  assert.deepEqual(await told(), ['a: abcd', 'b: abcd', 'c: abcd', 'd: abcd', 'e: alone']);
  assert.deepEqual(await metrics.read('indexLimitReached'), [
    { labels: { limit: 'incident_alerts_max' }, value: 1 },
  ]);
});

test('all alerts of a cluster are in one partition, whoever they are about', () => {
  const key = (alert: Alert) => partitionedBy(alertToEntry(alert).key);
  assert.equal(key(at('a', 0)), key(at('b', 0, { user: 'bob' })));
  assert.notEqual(key(at('a', 0)), key(at('a', 0, { cluster: 'other' })));
  assert.notEqual(alertToEntry(at('a', 0)).key, alertToEntry(at('b', 0)).key);
});
