import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { GatewatchError } from '../../../src/errors.ts';
import { EmbeddedLog, type EmbeddedLogOptions } from '../../../src/log/embedded/log.ts';
import type { DeliveredEntry, LogEntry, Topic } from '../../../src/log/port.ts';

/** The path of a database in a folder that goes with the test. */
export async function databasePath(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-log-'));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, 'gatewatch.db');
}

/** A log that is closed with the test. */
export function openLog(t: TestContext, path: string, options?: EmbeddedLogOptions): EmbeddedLog {
  const log = new EmbeddedLog(path, options);
  t.after(() => log.close());
  return log;
}

/** Everything that a group has not yet seen, as a stage would get it. */
export async function readAll(log: EmbeddedLog, topic: Topic, group: string): Promise<DeliveredEntry[]> {
  const entries: DeliveredEntry[] = [];
  const consumer = await log.consume(topic, group, {
    async process(batch) {
      entries.push(...batch.entries);
      return undefined;
    },
  });
  await consumer.drained();
  await consumer.close();
  return entries;
}

export function entry(key: string, value: string | Buffer = ''): LogEntry {
  return { key, value: Buffer.from(value), headers: {} };
}

export function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof GatewatchError && error.code === code;
}
