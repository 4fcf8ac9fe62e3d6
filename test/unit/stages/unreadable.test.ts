import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Stages, startStages } from '../../../src/app.ts';
import { configSchema } from '../../../src/config/schema.ts';
import type { LogEntry, Topic } from '../../../src/log/port.ts';
import { Metrics } from '../../../src/telemetry/metrics.ts';

async function running(t: TestContext): Promise<Stages> {
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-stages-'));
  const stages = await startStages(configSchema.parse({}), {
    database: join(folder, 'gatewatch.db'),
    metrics: new Metrics(),
  });
  t.after(async () => {
    await stages.close();
    await rm(folder, { recursive: true });
  });
  return stages;
}

function entry(value: string, headers: Record<string, string> = {}): LogEntry {
  return { key: 'prod/', value: Buffer.from(value), headers };
}

const RECORD = { kind: 'audit.event', cluster: 'prod', id: 'a', received: '1764000000000', format: '1' };

for (const [name, topic, refused, code] of [
  ['a record of a later format', 'records', entry('{}', { ...RECORD, format: '2' }), 'ENTRY_FORMAT_UNKNOWN'],
  ['a record without its headers', 'records', entry('{}', { kind: 'audit.event' }), 'ENTRY_UNREADABLE'],
  ['a record that is not JSON', 'records', entry('\u0000\u00ff', RECORD), 'ITEM_NOT_JSON'],
  ['a signal that is not JSON', 'signals', entry('{"id":'), 'ENTRY_UNREADABLE'],
  ['a signal that is none', 'signals', entry('[]'), 'ENTRY_UNREADABLE'],
  ['an alert that is not JSON', 'alerts', entry(''), 'ENTRY_UNREADABLE'],
  ['an alert that is none', 'alerts', entry('null'), 'ENTRY_UNREADABLE'],
] as const) {
  test(`${name} is a dead letter with what it was, and the stage goes on`, async (t) => {
    const stages = await running(t);
    await stages.log.append(topic as Topic, [refused, refused]);
    await stages.drained();
    const [letter, again, ...others] = await stages.log.read('dead-letters', 0, 10);
    assert.deepEqual(others, []);
    assert.deepEqual([letter!.headers.code, letter!.headers.topic], [code, topic]);
    assert.ok(letter!.value.equals(refused.value) && again!.value.equals(refused.value));
    for (const [header, text] of Object.entries(refused.headers)) assert.equal(letter!.headers[header], text);
    assert.deepEqual(
      stages.running.map(({ problem }) => problem),
      [undefined, undefined, undefined],
    );
  });
}
