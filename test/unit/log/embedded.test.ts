import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { BATCH_BYTES_MAX, BATCH_ENTRIES_MAX } from '../../../src/log/framing.ts';
import type { Batch } from '../../../src/log/port.ts';
import { databasePath, entry, hasCode, openLog, readAll } from './helpers.ts';

const KILOBYTE = 1_000;
const MEGABYTE = 1_000_000;
const HOUR_MS = 3_600_000;

test('appends of one turn share a transaction', async (t) => {
  const commits: number[] = [];
  const log = openLog(t, await databasePath(t), {
    observe: { appended: (_seconds, appends) => commits.push(appends) },
  });
  await Promise.all(Array.from({ length: 50 }, (_, n) => log.append('records', [entry('k', `${n}`)])));
  assert.deepEqual(commits, [50]);
});

test('a consumer gets many small batches at once, within the limits', async (t) => {
  const log = openLog(t, await databasePath(t));
  for (let n = 0; n < 700; n++) void log.append('records', [entry('small', `${n}`)]);
  for (let n = 0; n < 6; n++) await log.append('records', [entry('large', Buffer.alloc(1.5 * MEGABYTE))]);
  await log.append('records', [entry('huge', Buffer.alloc(9 * MEGABYTE))]);
  const batches: Batch[] = [];
  const consumer = await log.consume('records', 'detect', {
    async process(batch) {
      batches.push(batch);
      return undefined;
    },
  });
  await consumer.drained();
  assert.ok(batches.length < 20);
  for (const { entries } of batches) {
    const bytes = entries.reduce((sum, { value }) => sum + value.length, 0);
    assert.ok(entries.length <= BATCH_ENTRIES_MAX && (bytes <= BATCH_BYTES_MAX || entries.length === 1));
  }
  const offsets = batches.flatMap(({ entries }) => entries.map(({ offset }) => offset));
  assert.deepEqual(offsets, [...Array(707).keys()]);
});

test('a busy consumer lets other tasks run between two batches', async (t) => {
  const log = openLog(t, await databasePath(t));
  for (let n = 0; n < 10; n++) await log.append('records', Array(500).fill(entry('k')));
  let turns = 0;
  let immediate = setImmediate(function count() {
    turns++;
    immediate = setImmediate(count);
  });
  t.after(() => clearImmediate(immediate));
  const turnsSeen: number[] = [];
  const consumer = await log.consume('records', 'detect', {
    async process() {
      turnsSeen.push(turns);
      return undefined;
    },
  });
  await consumer.drained();
  assert.equal(new Set(turnsSeen).size, 10);
});

test('what another process appended is delivered, and its offsets do not collide', async (t) => {
  const path = await databasePath(t);
  const [mine, theirs] = [openLog(t, path), openLog(t, path)];
  const seen: string[] = [];
  const got = Promise.withResolvers<void>();
  await mine.consume('records', 'detect', {
    async process({ entries }) {
      seen.push(...entries.map(({ offset, value }) => `${offset} ${value}`));
      if (seen.length === 3) got.resolve();
      return undefined;
    },
  });
  await mine.append('records', [entry('k', 'mine')]);
  await theirs.append('records', [entry('k', 'theirs')]);
  await mine.append('records', [entry('k', 'mine')]);
  await got.promise;
  assert.deepEqual(seen, ['0 mine', '1 theirs', '2 mine']);
});

test('restoring begins at the very entry, also in the middle of a batch', async (t) => {
  const path = await databasePath(t);
  const first = openLog(t, path);
  await first.append('signals', Array(10).fill(entry('k')));
  const consumer = await first.consume('signals', 'correlate', { process: async () => ({ restoreFrom: 7 }) });
  await consumer.drained();
  await first.close();
  assert.deepEqual(
    (await readAll(openLog(t, path), 'signals', 'correlate')).map(({ offset }) => offset),
    [7, 8, 9],
  );
});

test('stats tell size, age and where each group stands', async (t) => {
  const log = openLog(t, await databasePath(t), { groups: { records: ['detect'] }, now: () => 42 });
  await log.append('records', [entry('k', Buffer.alloc(1000)), entry('k')]);
  const { records, signals } = log.stats();
  assert.deepEqual({ ...records, bytes: 0 }, { bytes: 0, end: 2, oldestMs: 42, committed: { detect: 0 } });
  assert.ok(records.bytes > 1000 && records.bytes < 1200);
  assert.deepEqual(signals, { bytes: 0, end: 0, oldestMs: undefined, committed: {} });
  await readAll(log, 'records', 'detect');
  assert.deepEqual(log.stats().records.committed, { detect: 2 });
});

test('by age: the oldest batches go once every group has passed them', async (t) => {
  let nowMs = 0;
  const options = { retentionHours: 24, groups: { records: ['detect'] }, now: () => nowMs };
  const log = openLog(t, await databasePath(t), options);
  await log.append('records', [entry('k', 'day 0')]);
  nowMs = 12 * HOUR_MS;
  await log.append('records', [entry('k', 'day 0.5')]);

  log.enforceRetention(30 * HOUR_MS);
  assert.equal(log.stats().records.oldestMs, 0, 'a declared group that never ran holds it back');
  await readAll(log, 'records', 'detect');
  log.enforceRetention(24 * HOUR_MS);
  assert.equal(log.stats().records.oldestMs, 0, 'not yet old enough');
  log.enforceRetention(24 * HOUR_MS + 1);
  assert.equal(log.stats().records.oldestMs, 12 * HOUR_MS);
  log.enforceRetention(365 * 24 * HOUR_MS);
  assert.deepEqual(log.stats().records, { bytes: 0, end: 2, oldestMs: undefined, committed: { detect: 2 } });

  // A new group begins with what is left; offsets go on.
  const late = await log.consume('records', 'late', { process: async () => undefined });
  await late.drained();
  await late.close();
  await log.append('records', [entry('k', 'new')]);
  assert.deepEqual(
    (await readAll(log, 'records', 'late')).map(({ offset }) => offset),
    [2],
  );
});

test('state that depends on old entries holds them back', async (t) => {
  const log = openLog(t, await databasePath(t), { retentionHours: 1, now: () => 0 });
  for (let n = 0; n < 4; n++) await log.append('signals', [entry('k', `${n}`)]);
  const consumer = await log.consume('signals', 'correlate', { process: async () => ({ restoreFrom: 2 }) });
  await consumer.drained();
  await consumer.close();
  log.enforceRetention(9 * HOUR_MS);
  assert.deepEqual(
    (await readAll(log, 'signals', 'another')).map(({ offset }) => offset),
    [2, 3],
  );
});

test('a topic that no group reads goes by age alone, and retention runs by itself after appends', async (t) => {
  let nowMs = 0;
  const log = openLog(t, await databasePath(t), { retentionHours: 1, now: () => nowMs });
  await log.append('dead-letters', [entry('k', 'old')]);
  nowMs = 2 * HOUR_MS;
  await log.append('dead-letters', [entry('k', 'new')]);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(log.stats()['dead-letters'].oldestMs, nowMs);
});

test('by size: LOG_FULL while nothing may go, and room again once the consumers are through', async (t) => {
  const path = await databasePath(t);
  const log = openLog(t, path, { bytesMax: 10 * MEGABYTE, groups: { records: ['detect'] } });
  const append = () => log.append('records', [entry('k', randomBytes(500 * KILOBYTE))]);
  let stored = 0;
  await assert.rejects(async () => {
    for (;;) {
      await append();
      stored++;
    }
  }, hasCode('LOG_FULL'));
  assert.equal(stored, 15, 'records leave a fifth to the stages behind them');
  await log.append('signals', [entry('k', randomBytes(500 * KILOBYTE))]);
  assert.equal(log.stats().records.end, 15, 'what was refused is not in the log');

  assert.equal((await readAll(log, 'records', 'detect')).length, 15);
  const consumer = await log.consume('records', 'detect', { process: async () => undefined });
  for (let n = 0; n < 100; n++) {
    await append();
    await consumer.drained();
  }
  const bytes = Object.values(log.stats()).reduce((sum, topic) => sum + topic.bytes, 0);
  assert.ok(bytes <= 10 * MEGABYTE);
  await log.close();
  assert.ok((await stat(path)).size < 11 * MEGABYTE, 'freed pages were used again');
});

test('one append that does not fit is refused without the others of its group', async (t) => {
  const log = openLog(t, await databasePath(t), { bytesMax: MEGABYTE, groups: { records: ['detect'] } });
  const outcomes = await Promise.allSettled([
    log.append('records', [entry('k', 'fits')]),
    log.append('records', [entry('k', Buffer.alloc(2 * MEGABYTE))]),
    log.append('records', [entry('k', 'fits too')]),
  ]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.equal((await readAll(log, 'records', 'detect')).length, 2);
});

test('a lower bytesMax is kept after a restart', async (t) => {
  const path = await databasePath(t);
  const first = openLog(t, path);
  for (let n = 0; n < 10; n++) await first.append('records', [entry('k', Buffer.alloc(MEGABYTE))]);
  await first.close();
  const second = openLog(t, path, { bytesMax: 3.5 * MEGABYTE });
  second.enforceRetention(0);
  assert.equal((await readAll(second, 'records', 'detect')).length, 3);
});

test('a small disk limits the log like bytesMax does', async (t) => {
  const folder = await smallDisk(t, 128);
  if (folder === undefined) return;
  const log = openLog(t, join(folder, 'gatewatch.db'), { groups: { records: ['detect'] } });
  const append = () => log.append('records', [entry('k', randomBytes(4 * MEGABYTE))]);
  await assert.rejects(async () => {
    for (;;) await append();
  }, hasCode('LOG_FULL'));
  await log.append('signals', [entry('k', 'there is room left for the stages behind')]);
  await readAll(log, 'records', 'detect');
  const consumer = await log.consume('records', 'detect', { process: async () => undefined });
  for (let n = 0; n < 40; n++) {
    await append();
    await consumer.drained();
  }
});

test('a disk that others filled: LOG_FULL, nothing half stored, consumers wait, and all goes on with free space', async (t) => {
  const folder = await smallDisk(t, 128);
  if (folder === undefined) return;
  const path = join(folder, 'gatewatch.db');
  const log = openLog(t, path, { groups: { records: ['detect'] } });
  const append = (n: number) =>
    log.append('records', [entry('a', `${n}`), entry('b', randomBytes(MEGABYTE))]);
  let stored = 0;
  for (; stored < 10; stored++) await append(stored);

  const filler = join(folder, 'filler');
  await writeFile(filler, Buffer.alloc(200 * MEGABYTE)).catch(() => {});
  await assert.rejects(append(-1), hasCode('LOG_FULL'));
  const seen: number[] = [];
  const consumer = await log.consume('records', 'detect', {
    async process({ entries }) {
      seen.push(...entries.map(({ offset }) => offset));
      return undefined;
    },
  });
  // Commits find no room sooner or later; that must not stop the stage.
  await new Promise((resolve) => setTimeout(resolve, 50));
  await rm(filler);
  for (; stored < 15; stored++) await append(stored);
  await consumer.drained();
  assert.deepEqual(seen, [...Array(30).keys()]);
  await log.close();

  const again = openLog(t, path);
  const values = (await readAll(again, 'records', 'another')).filter(({ key }) => key === 'a');
  assert.deepEqual(
    values.map(({ value }) => Number(value)),
    [...Array(15).keys()],
  );
});

/** A file system of so many MiB, where the test may mount one. */
async function smallDisk(t: TestContext, mebibytes: number): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    await rm(folder, { recursive: true });
    t.skip('mounting a small disk is not permitted here');
    return undefined;
  }
  t.after(async () => {
    execFileSync('umount', ['-l', folder]);
    await rm(folder, { recursive: true });
  });
  return folder;
}
