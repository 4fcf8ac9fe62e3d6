import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { monthEndMs } from '../../../../src/index/elasticsearch/names.ts';
import { deleteOldMonths } from '../../../../src/index/elasticsearch/retention.ts';
import { alertOf } from '../../../contract/alert-store-fixtures.ts';
import { removeShared } from '../../../servers/shared.ts';
import { freshNamespace, openStore, removeNamespace, sharedClient } from './support.ts';

const DAY_MS = 86_400_000;

describe('deleteOldMonths', () => {
  after(removeShared);

  it('deletes the months that ended longer ago than alerts are kept, and nothing else', async () => {
    const client = await sharedClient();
    const namespace = freshNamespace();
    const store = await openStore(client, namespace);
    const months = ['2025-12', '2026-01', '2026-02', '2026-03'];
    await store.put(months.map((month) => alertOf({ id: month, time: `${month}-15T00:00:00Z` })));
    const undated = alertOf({ id: 'undated', time: '2025-12-15T00:00:00Z' });
    const { start: _, ...event } = undated.event;
    await store.put([{ ...undated, event }]);
    const index = (month: string) => `gatewatch-alerts-${namespace}-${month}`;
    for (const other of ['2026.1', '2025.12-backup', '2025.13'])
      await client.indices.create({ index: index(other) });
    await client.indices.close({ index: index('2026.01') });

    const endOfFebruary = Date.UTC(2026, 2, 1);
    const kept = endOfFebruary + 30 * DAY_MS;
    assert.deepEqual(await deleteOldMonths(client, namespace, 30, kept), [
      index('2025.12'),
      index('2026.01'),
    ]);
    assert.deepEqual(await deleteOldMonths(client, namespace, 30, kept), []);
    assert.equal((await store.count({})).total, 3);
    assert.deepEqual(await deleteOldMonths(client, namespace, 30, kept + 1), [index('2026.02')]);
    const { indices } = await client.indices.resolveIndex({ name: `*${namespace}*` });
    assert.deepEqual(
      indices.map(({ name }) => name),
      ['2025.12-backup', '2025.13', '2026.03', '2026.1', 'undated'].map(index),
    );
    await removeNamespace(client, namespace);
    await client.close();
  });

  it('knows the months of one namespace only', () => {
    assert.equal(monthEndMs('default', 'gatewatch-alerts-default-2026.12'), Date.UTC(2027, 0));
    for (const name of [
      'gatewatch-alerts-other-2026.12',
      'gatewatch-alerts-default-2026.00',
      'gatewatch-alerts-default-undated',
      '.gatewatch-alerts-default-2026.12',
    ])
      assert.equal(monthEndMs('default', name), undefined, name);
  });
});
