import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startStages } from '../../../src/app.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { recordToEntry } from '../../../src/log/codec.ts';
import { formatEventTime } from '../../../src/record/time.ts';
import { Metrics } from '../../../src/telemetry/metrics.ts';
import { eventWith, recordOf } from '../detect/support.ts';

const RULES = `
title: Any
name: any
logsource: {product: kubernetes, service: audit}
detection: {s: {verb|exists: true}, condition: s}
---
title: Fell silent
correlation: {type: absence, rules: [any], timespan: 100s}
`;

test('the stages tell of a cluster that falls silent, and a restart does not tell anew', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-silence-'));
  t.after(() => rm(folder, { recursive: true }));
  const rules = join(folder, 'rules.yml');
  await writeFile(rules, RULES);
  let now = Date.now();
  const start = () =>
    startStages(configSchema.parse({ detect: { rules: [rules], reload_seconds: 0 } }), {
      database: join(folder, 'gatewatch.db'),
      metrics: new Metrics(),
      now: () => now,
      clockMs: 20,
    });
  const told = async (stages: Awaited<ReturnType<typeof start>>, wanted: number): Promise<string[]> => {
    for (let tries = 0; ; tries++) {
      const { alerts } = await stages.alerts!.find({ sort: 'time', order: 'asc', limit: 10 });
      const known = alerts.map(({ message }) => message.replace(/[\d-]+ [\d:]+Z/g, 'TIME'));
      if (known.length >= wanted || tries === 100) return known;
      await sleep(20);
    }
  };
  const happens = async (stages: Awaited<ReturnType<typeof start>>, at: number) => {
    const time = formatEventTime(at * 1000);
    const event = eventWith({ auditID: `e${at}`, requestReceivedTimestamp: time, stageTimestamp: time });
    await stages.log.append('records', [recordToEntry({ ...recordOf(event), receivedMs: at + 50 })]);
    await stages.drained();
  };

  const first = await start();
  const began = now;
  for (let seconds = 0; seconds <= 100; seconds += 5) await happens(first, began + seconds * 1000);
  now = began + 150_000;
  await sleep(100);
  assert.deepEqual(await told(first, 0), []);
  now = began + 250_000;
  const silent = ['Fell silent: cluster c was last heard of at TIME, and nothing has come since.'];
  assert.deepEqual(await told(first, 1), silent);
  await first.close();

  const second = await start();
  t.after(() => second.close());
  await sleep(200);
  await second.drained();
  assert.deepEqual(await told(second, 0), silent);
  await happens(second, began + 270_000);
  assert.deepEqual(await told(second, 0), [
    'Fell silent: cluster c was last heard of at TIME, and nothing came until TIME.',
  ]);
});
