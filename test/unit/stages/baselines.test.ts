import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { type Stages, startStages } from '../../../src/app.ts';
import { configSchema } from '../../../src/config/schema.ts';
import type { BaselineEntry } from '../../../src/correlate/baseline/entry.ts';
import { recordToEntry, signalToEntry } from '../../../src/log/codec.ts';
import { partitionedBy } from '../../../src/log/port.ts';
import { baselineFrom, changeToEntry } from '../../../src/stages/baselines.ts';
import { Metrics } from '../../../src/telemetry/metrics.ts';
import { signalAt } from '../correlate/support.ts';
import { eventWith, recordOf } from '../detect/support.ts';

const RULES = `
title: Secret read
name: secret_read
logsource: {product: kubernetes, service: audit}
detection:
  secret: {objectRef.resource: secrets}
  condition: secret
---
title: New client
correlation: {type: new_value, rules: [secret_read], group-by: [user.username], field: userAgent, timespan: 14d}
gatewatch: {learn: 2d}
`;

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-baselines-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'rules.yml'), RULES);
  return folder;
}

async function start(folder: string): Promise<Stages> {
  return await startStages(configSchema.parse({ detect: { rules: [join(folder, 'rules.yml')] } }), {
    database: join(folder, 'gatewatch.db'),
    metrics: new Metrics(),
  });
}

/** A secret read on a day of November, and the alerts that there are then: what is new. */
async function read(stages: Stages, day: number, userAgent: string): Promise<string[]> {
  const time = `2026-11-${String(day).padStart(2, '0')}T12:00:00.000000Z`;
  const event = eventWith({
    auditID: `${day}-${userAgent}`,
    verb: 'get',
    userAgent,
    objectRef: { resource: 'secrets', namespace: 'dev', name: 's', apiVersion: 'v1' },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
  });
  await stages.log.append('records', [recordToEntry(recordOf(event, Date.UTC(2026, 11, 1)))]);
  await stages.drained();
  const { alerts } = await stages.alerts!.find({ sort: 'time', order: 'asc', limit: 100 });
  return alerts.map(({ gatewatch }) => gatewatch.baseline!.value.join());
}

test('what was remembered is there after a restart, also when the matches are not', async (t) => {
  const folder = await folderOf(t);
  const before = await start(folder);
  await read(before, 1, 'kubectl');
  await read(before, 2, 'helm');
  assert.deepEqual(await read(before, 5, 'curl'), ['curl']);
  await before.close();
  const database = new DatabaseSync(join(folder, 'gatewatch.db'));
  database.exec('DELETE FROM log_signals; DELETE FROM log_baselines');
  database.close();

  const after = await start(folder);
  t.after(() => after.close());
  assert.deepEqual(await read(after, 10, 'kubectl'), ['curl']);
  assert.deepEqual(await read(after, 15, 'helm'), ['curl']);
  assert.deepEqual(await read(after, 15, 'wget'), ['curl', 'wget'], 'it has not to learn anew');
  assert.deepEqual(await read(after, 30, 'kubectl'), ['curl', 'wget', 'kubectl'], 'last seen on the tenth');
});

test('a value costs one entry a day', async (t) => {
  const stages = await start(await folderOf(t));
  t.after(() => stages.close());
  await read(stages, 1, 'kubectl');
  const { length } = await stages.log.read('baselines', 0, 100);
  assert.equal(length, 2, 'the beginning and the value');
  await read(stages, 1, 'kubectl');
  assert.equal((await stages.log.read('baselines', 0, 100)).length, length);
  await read(stages, 2, 'kubectl');
  assert.equal((await stages.log.read('baselines', 0, 100)).length, length + 2, 'one in place of another');
  assert.equal((await stages.log.table('baselines', 0)).length, 2);
});

test('entries come back as they were, in the partition of the signals of any group', () => {
  const signal = signalAt(0, { group: ['alice'], spans_groups: true });
  const key = partitionedBy(signalToEntry(signal).key);
  assert.equal(partitionedBy(signalToEntry({ ...signal, group: ['bob'] }).key), key);
  const of = { signals: key, shape: 's', cluster: 'prod' };
  const entries: BaselineEntry[] = [
    { ...of, begun: 5 },
    { ...of, group: 'g', value: 'v', run: { first: 7, last: 20_000 }, timespan: 9 },
  ];
  for (const entry of entries) {
    const kept = changeToEntry({ entry, kept: true });
    assert.equal(partitionedBy(kept.key), key);
    assert.deepEqual(baselineFrom(kept), entry);
    assert.equal(changeToEntry({ entry, kept: false }).value.length, 0);
  }
});
