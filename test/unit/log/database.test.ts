import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { open, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { GatewatchError } from '../../../src/errors.ts';
import { IN_MEMORY, openDatabase } from '../../../src/log/embedded/database.ts';
import { EmbeddedLog } from '../../../src/log/embedded/log.ts';
import { databasePath, entry, hasCode, openLog, readAll } from './helpers.ts';

test('a new file is for its owner only, in WAL mode, and opens again', async (t) => {
  const path = await databasePath(t);
  const database = openDatabase(path);
  assert.deepEqual({ ...database.prepare('PRAGMA journal_mode').get() }, { journal_mode: 'wal' });
  database.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)');
  if (process.platform !== 'win32') assert.equal((await stat(path)).mode & 0o777, 0o600);
  const reader = openDatabase(path, { readOnly: true });
  assert.deepEqual({ ...reader.prepare('SELECT a FROM t').get() }, { a: 1 });
  assert.throws(() => reader.exec('INSERT INTO t VALUES (2)'), /readonly/);
  reader.close();
  database.close();
  openDatabase(path).close();
});

test('a file that holds numbers beyond what a number can hold opens again', async (t) => {
  const path = await databasePath(t);
  const database = openDatabase(path);
  database.exec('CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (9010085472763904)');
  database.close();
  openDatabase(path).close();
});

test('a database in memory needs no file', async () => {
  const database = openDatabase(IN_MEMORY);
  database.exec('CREATE TABLE t (a)');
  database.close();
  const log = new EmbeddedLog(IN_MEMORY);
  await log.append('records', [entry('k', 'v')]);
  assert.equal((await readAll(log, 'records', 'detect')).length, 1);
  await log.close();
});

test('a missing folder, and a folder in place of the file, are FILE_UNREADABLE', async (t) => {
  const path = await databasePath(t);
  const missing = join(path, 'none', 'gatewatch.db');
  assert.throws(() => openDatabase(missing), hasCode('FILE_UNREADABLE'));
  assert.throws(() => openDatabase(missing, { readOnly: true }), hasCode('FILE_UNREADABLE'));
  assert.throws(() => openDatabase(dirname(path)), hasCode('FILE_UNREADABLE'));
});

test('a file of a newer version is DATABASE_VERSION_UNKNOWN and is left as it is', async (t) => {
  const path = await databasePath(t);
  const database = new DatabaseSync(path);
  database.exec('PRAGMA user_version = 99');
  database.close();
  for (const readOnly of [false, true]) {
    assert.throws(
      () => openDatabase(path, { readOnly }),
      (error: GatewatchError) =>
        hasCode('DATABASE_VERSION_UNKNOWN')(error) && error.message.includes('layout 99'),
    );
  }
});

test('a file of random bytes is DATABASE_CORRUPT, naming the file', async (t) => {
  const path = await databasePath(t);
  await writeFile(path, randomBytes(100_000));
  assert.throws(
    () => openDatabase(path),
    (error: GatewatchError) => hasCode('DATABASE_CORRUPT')(error) && error.message.includes(path),
  );
});

test('a file cut short is DATABASE_CORRUPT at once', async (t) => {
  const path = await filledLog(t);
  await truncate(path, Math.floor((await stat(path)).size / 2));
  assert.throws(() => new EmbeddedLog(path), hasCode('DATABASE_CORRUPT'));
});

for (const [what, bytes] of [
  ['random bytes', (length: number) => randomBytes(length)],
  ['zeros', (length: number) => Buffer.alloc(length)],
] as const) {
  test(`${what} over a page in the middle are DATABASE_CORRUPT when they are read, not a crash`, async (t) => {
    const path = await filledLog(t);
    const { size } = await stat(path);
    const file = await open(path, 'r+');
    await file.write(bytes(16_384), 0, 16_384, Math.floor(size / 2 / 16_384) * 16_384);
    await file.close();

    const log = openLog(t, path);
    const offsets: number[] = [];
    const consumer = await log.consume('records', 'detect', {
      async process({ entries }) {
        offsets.push(...entries.map(({ offset }) => offset));
        return undefined;
      },
    });
    await assert.rejects(consumer.closed, (error: GatewatchError) => {
      assert.ok(hasCode('DATABASE_CORRUPT')(error), String(error));
      assert.match(error.where ?? '', /^topic records, offset \d+$/);
      return error.message.includes(path);
    });
    assert.ok(offsets.length < 400, 'nothing after the damage was delivered');
    assert.deepEqual(offsets, [...offsets.keys()], 'nothing before it was skipped');
  });
}

test('one damaged byte of a value is found, though SQLite does not see it', async (t) => {
  const path = await filledLog(t);
  const database = new DatabaseSync(path);
  const row = database.prepare('SELECT data FROM log_records WHERE base = 200').get() as { data: Uint8Array };
  row.data[row.data.length >> 1]! ^= 1;
  database.prepare('UPDATE log_records SET data = ? WHERE base = 200').run(row.data);
  database.close();
  const consumer = await openLog(t, path).consume('records', 'detect', { process: async () => undefined });
  await assert.rejects(
    consumer.closed,
    (error: GatewatchError) =>
      hasCode('DATABASE_CORRUPT')(error) && error.where === 'topic records, offset 200',
  );
});

/** A closed log of 400 records of 10 kB, 100 an append. */
async function filledLog(t: TestContext): Promise<string> {
  const path = await databasePath(t);
  const log = new EmbeddedLog(path, { groups: { records: ['detect'] } });
  for (let append = 0; append < 4; append++) {
    await log.append(
      'records',
      Array.from({ length: 100 }, () => entry('k', randomBytes(10_000))),
    );
  }
  await log.close();
  return path;
}
