import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Stages, startStages } from '../../../src/app.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { recordToEntry } from '../../../src/log/codec.ts';
import type { ReceivedRecord } from '../../../src/record/record.ts';
import { Metrics } from '../../../src/telemetry/metrics.ts';
import { eventWith, recordOf } from '../detect/support.ts';

const LEVEL = 'pod-security.kubernetes.io/enforce';

/** The namespace is made, its level lowered, a pod gets in, and the level is as before: nothing but what was there before tells what the steps are. */
function attack(): readonly ReceivedRecord[] {
  const namespace = (second: number, verb: string, level: string) => {
    const object = { kind: 'Namespace', metadata: { name: 'dev', labels: { [LEVEL]: level } } };
    return event(second, {
      verb,
      requestURI: '/api/v1/namespaces/dev',
      objectRef: { resource: 'namespaces', name: 'dev', namespace: 'dev', apiVersion: 'v1' },
      requestObject: object,
      responseObject: object,
      responseStatus: { code: 200 },
    });
  };
  const pod = {
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'a', securityContext: { privileged: true } }] },
  };
  return [
    namespace(1, 'update', 'restricted'),
    namespace(20, 'update', 'privileged'),
    event(30, { requestObject: pod, responseObject: pod }),
    namespace(40, 'update', 'restricted'),
  ];
}

function event(second: number, fields: object): ReceivedRecord {
  const time = `2026-11-22T13:00:${String(second).padStart(2, '0')}.000000Z`;
  return recordOf(
    eventWith({ auditID: `e${second}`, requestReceivedTimestamp: time, stageTimestamp: time, ...fields }),
  );
}

/** What alerts stand after the records have come, one by one, with a restart between any two. */
async function alertsAfter(t: TestContext, records: readonly ReceivedRecord[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-order-'));
  t.after(() => rm(folder, { recursive: true }));
  let stages: Stages | undefined;
  for (const record of records) {
    await stages?.close();
    stages = await startStages(configSchema.parse({}), {
      database: join(folder, 'gatewatch.db'),
      metrics: new Metrics(),
    });
    await stages.log.append('records', [recordToEntry(record)]);
    await stages.drained();
  }
  const { alerts } = await stages!.alerts!.find({ sort: 'time', order: 'asc', limit: 100 });
  await stages!.close();
  return alerts
    .filter(({ gatewatch }) => gatewatch.status !== 'withdrawn')
    .map(({ event: { id }, rule, gatewatch: { count, evidence, namespace, blast_radius } }) =>
      JSON.stringify([rule.name, id, count, evidence, namespace, blast_radius]),
    )
    .sort();
}

test('what was before a change may come after it, and after restarts', async (t) => {
  const [made, lowered, pod, restored] = attack();
  const expected = await alertsAfter(t, [made!, lowered!, pod!, restored!]);
  const names = expected.map((alert) => JSON.parse(alert)[0]);
  assert.ok(names.includes('Namespace weakened, something admitted, then as before'), names.join());
  for (const order of [
    [restored, pod, lowered, made],
    [lowered, restored, made, pod],
    [restored, made, pod, lowered],
    [pod, lowered, made, restored, lowered, made],
  ]) {
    const delivered = order.map((record) => record!);
    assert.deepEqual(await alertsAfter(t, delivered), expected, delivered.map(({ id }) => id).join());
  }
});
