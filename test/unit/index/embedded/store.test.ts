import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { after, describe, it } from 'node:test';
import { EmbeddedAlertStore } from '../../../../src/index/embedded/store.ts';
import { openDatabase } from '../../../../src/log/embedded/database.ts';
import type { Alert } from '../../../../src/record/alert.ts';
import { alertOf } from '../../../contract/alert-store-fixtures.ts';

describe('EmbeddedAlertStore', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatewatch-alerts-'));
  after(() => rmSync(folder, { recursive: true }));

  function open(name: string): { path: string; database: DatabaseSync } {
    const path = join(folder, name);
    return { path, database: openDatabase(path) };
  }

  it('reads from a second connection, which may be there before the tables', async () => {
    const { path, database } = open('reader.db');
    const readOnly = openDatabase(path, { readOnly: true });
    const reader = new EmbeddedAlertStore(readOnly, { readOnly: true });
    assert.equal(await reader.get('a'), undefined);
    assert.deepEqual(await reader.find({ sort: 'time', order: 'desc', limit: 1 }), { alerts: [] });
    assert.deepEqual(await reader.count({}, 'user'), { total: 0, values: [] });

    const writer = new EmbeddedAlertStore(database);
    await writer.put([alertOf({ id: 'a', user: 'bob' })]);
    assert.equal((await reader.get('a'))?.user?.name, 'bob');
    assert.equal(
      (await reader.find({ sort: 'time', order: 'desc', limit: 1, text: 'bob' })).alerts.length,
      1,
    );
    await assert.rejects(reader.put([alertOf({ id: 'b' })]), /readonly|read-only/i);
    readOnly.close();
    database.close();
  });

  it('stores all of a batch or none, also within a transaction of another user of the connection', async () => {
    const { database } = open('atomic.db');
    const store = new EmbeddedAlertStore(database);
    const broken = { ...alertOf({ id: 'b' }), message: undefined } as unknown as Alert;
    await assert.rejects(store.put([alertOf({ id: 'a' }), broken]));
    assert.equal((await store.count({})).total, 0);

    database.exec('BEGIN IMMEDIATE');
    await store.put([alertOf({ id: 'kept' })]);
    await assert.rejects(store.put([alertOf({ id: 'lost' }), broken]));
    database.exec('COMMIT');
    assert.equal((await store.count({})).total, 1);
    assert.notEqual(await store.get('kept'), undefined);
    database.close();
  });

  it('is opened again with what it held', async () => {
    const { path, database } = open('again.db');
    await new EmbeddedAlertStore(database).put([alertOf({ id: 'a' })]);
    database.close();
    const again = openDatabase(path);
    assert.notEqual(await new EmbeddedAlertStore(again).get('a'), undefined);
    again.close();
  });

  it('walks an index for the usual questions instead of sorting all alerts', async () => {
    const { database } = open('plan.db');
    new EmbeddedAlertStore(database);
    for (const [condition, order] of [
      [`status <> 'withdrawn'`, 'time DESC, id DESC'],
      [`(time, id) < (1, 'x')`, 'time DESC, id DESC'],
      [`(severity, time, id) < (1, 1, 'x')`, 'severity DESC, time DESC, id DESC'],
      [`user = 'bob'`, 'time DESC, id DESC'],
      [`rule = 'r'`, 'time ASC, id ASC'],
    ]) {
      const plan = database
        .prepare(`EXPLAIN QUERY PLAN SELECT id FROM alerts WHERE ${condition} ORDER BY ${order}`)
        .all();
      const text = plan.map((step) => step.detail).join('; ');
      assert.match(text, /USING (COVERING )?INDEX/, condition);
      assert.doesNotMatch(text, /TEMP B-TREE/, condition);
    }
    database.close();
  });

  it('deletes alerts older than a time, from the text index too', async () => {
    const { database } = open('expiry.db');
    const store = new EmbeddedAlertStore(database);
    await store.put([
      alertOf({ id: 'old', user: 'bob', time: '2026-01-01T00:00:00.000000Z' }),
      alertOf({ id: 'new', user: 'bob', time: '2026-02-01T00:00:00.000000Z' }),
    ]);
    assert.equal(store.deleteBefore(Date.UTC(2026, 0, 15) * 1000), 1);
    assert.equal(store.deleteBefore(Date.UTC(2026, 0, 15) * 1000), 0);
    const { alerts } = await store.find({ sort: 'time', order: 'desc', limit: 10, text: 'bob' });
    assert.deepEqual(
      alerts.map(({ event }) => event.id),
      ['new'],
    );
    database.close();
  });
});
