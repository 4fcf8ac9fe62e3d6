import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Client, estypes } from '@elastic/elasticsearch';
import { toDocument } from '../../../../src/index/elasticsearch/document.ts';
import { ALERTS_MAPPING } from '../../../../src/index/elasticsearch/mapping.ts';
import { alertsAlias } from '../../../../src/index/elasticsearch/names.ts';
import { ElasticsearchAlertStore } from '../../../../src/index/elasticsearch/store.ts';
import type { Alert, AlertStatus } from '../../../../src/record/alert.ts';
import {
  alertOf,
  DENIED_RELABELLED_ADMITTED,
  HOSTILE,
  NAMESPACE_LOWERED,
  PRIVILEGED_POD_DENIED,
  WEBHOOK_WEAKENED,
} from '../../../contract/alert-store-fixtures.ts';
import { removeShared } from '../../../servers/shared.ts';
import { freshNamespace, openStore, removeNamespace, sharedClient } from './support.ts';

const NEWEST_FIRST = { sort: 'time', order: 'desc', limit: 100 } as const;

/** What Kibana's rule "External Alerts" asks of `logs-*`. */
const EXTERNAL_ALERTS: estypes.QueryDslQueryContainer = {
  bool: {
    filter: [{ term: { 'event.kind': 'alert' } }],
    must_not: [{ terms: { 'event.module': ['endgame', 'endpoint', 'cloud_defend'] } }],
  },
};

function began(id: string, start: string | undefined): Alert {
  const alert = alertOf({ id });
  const { start: _, ...event } = alert.event;
  return { ...alert, event: start === undefined ? event : { ...event, start } };
}

/** An alert with labels that only a refused request can carry. */
function labelled(id: string, labels: Record<string, string>): Alert {
  return alertOf({ id, gatewatch: { namespace: { labels_before: {}, labels_after: labels, changes: [] } } });
}

describe('ElasticsearchAlertStore', () => {
  let client: Client;
  let namespace: string;
  let store: ElasticsearchAlertStore;

  before(async () => {
    client = await sharedClient();
  });
  beforeEach(async () => {
    namespace = freshNamespace();
    store = await openStore(client, namespace);
  });
  afterEach(() => removeNamespace(client, namespace));
  after(async () => {
    await client.close();
    await removeShared();
  });

  /** The stored document of an alert. */
  async function documentOf(id: string): Promise<estypes.SearchHit<Record<string, unknown>>> {
    const { hits } = await client.search<Record<string, unknown>>({
      index: alertsAlias(namespace),
      query: { ids: { values: [id] } },
      seq_no_primary_term: true,
    });
    return hits.hits[0]!;
  }

  describe('indices', () => {
    it('are those of the months in which alerts began, behind one alias', async () => {
      await store.put([
        began('a', '2026-10-31T23:59:59.999999Z'),
        began('b', '2026-11-01T00:30:00.000000+01:00'),
        began('c', '2026-11-01T00:00:00Z'),
        began('d', undefined),
      ]);
      const aliases = await client.indices.getAlias({ name: alertsAlias(namespace) });
      const index = (month: string) => `gatewatch-alerts-${namespace}-${month}`;
      assert.deepEqual(
        Object.keys(aliases).sort(),
        [index('2026.10'), index('2026.11'), index('undated')].sort(),
      );
      assert.equal((await documentOf('a'))._index, index('2026.10'));
      assert.equal((await documentOf('b'))._index, index('2026.10'));
      assert.equal((await documentOf('c'))._index, index('2026.11'));
      assert.equal((await documentOf('d'))._index, index('undated'));
      assert.equal((await store.count({})).total, 4);
      await assert.rejects(
        client.index({ index: alertsAlias(namespace), document: {} }),
        /no write index is defined/,
        'nobody writes by the alias',
      );
    });

    it('keep an alert where it began, whatever its versions', async () => {
      const first = began('a', '2026-10-31T23:59:59Z');
      await store.put([first]);
      const later = {
        ...first,
        '@timestamp': '2026-12-01T00:00:00Z',
        gatewatch: { ...first.gatewatch, version: 2 },
      };
      await store.put([later]);
      assert.deepEqual((await store.find(NEWEST_FIRST)).alerts, [later]);
    });

    it('stay plain indices beside the templates that Elastic has for logs-*-*', async () => {
      const name = `logs-like-elastic-${namespace}`;
      await client.indices.putIndexTemplate({
        name,
        index_patterns: [`logs-*-${namespace}`],
        data_stream: {},
        priority: 100,
      });
      try {
        await store.put([PRIVILEGED_POD_DENIED]);
        await store.put([DENIED_RELABELLED_ADMITTED]);
        const { indices, aliases, data_streams } = await client.indices.resolveIndex({
          name: `*${namespace}*`,
        });
        assert.deepEqual(
          indices.map((index) => index.name),
          [`gatewatch-alerts-${namespace}-2026.11`],
        );
        assert.deepEqual(
          aliases.map((alias) => alias.name),
          [`logs-gatewatch.alerts-${namespace}`],
        );
        assert.deepEqual(data_streams, []);
        assert.equal((await store.find(NEWEST_FIRST)).alerts.length, 2);
      } finally {
        await client.indices.deleteIndexTemplate({ name });
      }
    });
  });

  describe('documents', () => {
    it('have a mapping for every field of an alert', async () => {
      const index = `gatewatch-strict-${namespace}`;
      await client.indices.create({ index, mappings: { ...ALERTS_MAPPING, dynamic: 'strict' } });
      const alerts = [
        PRIVILEGED_POD_DENIED,
        NAMESPACE_LOWERED,
        DENIED_RELABELLED_ADMITTED,
        WEBHOOK_WEAKENED,
        HOSTILE,
        labelled('z', { ['k'.repeat(40_000)]: 'v' }),
      ];
      for (const alert of alerts) {
        const document = toDocument(alert, '2026-11-22T14:00:00.000Z');
        const { result } = await client.index({ index, id: alert.event.id, document });
        assert.equal(result, 'created');
      }
      await client.indices.delete({ index });
    });

    it('are found by views on logs-* with the types that ECS gives', async () => {
      await store.put([PRIVILEGED_POD_DENIED, NAMESPACE_LOWERED]);
      const { hits } = await client.search({
        index: 'logs-*',
        query: { bool: { filter: [EXTERNAL_ALERTS, { range: { 'event.ingested': { gte: 'now-6m' } } }] } },
        size: 1000,
      });
      const ids = hits.hits.filter(({ _index }) => _index.includes(namespace)).map(({ _id }) => _id);
      assert.deepEqual(ids.sort(), [PRIVILEGED_POD_DENIED.event.id, NAMESPACE_LOWERED.event.id].sort());
      const types: Record<string, string> = {
        '@timestamp': 'date',
        '@timestamp.nanos': 'date_nanos',
        'event.ingested': 'date',
        'event.severity': 'long',
        'event.kind': 'keyword',
        message: 'text',
        'user.name': 'keyword',
        'source.ip': 'ip',
        'related.ip': 'ip',
        'rule.name': 'keyword',
        'threat.technique.id': 'keyword',
        'orchestrator.cluster.name': 'keyword',
        'gatewatch.count': 'long',
        'gatewatch.namespace.labels_after': 'flattened',
        'gatewatch.evidence.time': 'date',
      };
      const { fields } = await client.fieldCaps({
        index: alertsAlias(namespace),
        fields: Object.keys(types),
      });
      const found = Object.fromEntries(
        Object.keys(types).map((name) => [name, Object.keys(fields[name] ?? {})[0]]),
      );
      assert.deepEqual(found, types);
      const labels = { 'gatewatch.namespace.labels_after.pod-security.kubernetes.io/enforce': 'privileged' };
      const { count } = await client.count({ index: alertsAlias(namespace), query: { term: labels } });
      assert.equal(count, 1, 'by one label');
    });

    it('say when an alert was first stored, whatever its later versions', async () => {
      const ingestedOf = async () =>
        ((await documentOf('a'))._source!.event as { ingested: string }).ingested;
      await store.put([alertOf({ id: 'a' })]);
      const first = await ingestedOf();
      assert.ok(Math.abs(Date.parse(first) - Date.now()) < 60_000);
      await store.put([alertOf({ id: 'a', gatewatch: { version: 2 } })]);
      await store.put([alertOf({ id: 'a', gatewatch: { version: 3, status: 'withdrawn' } })]);
      assert.equal(await ingestedOf(), first);
      const stored = (await store.get('a'))!;
      assert.equal('ingested' in stored.event, false);
      assert.equal('words' in stored.gatewatch, false);
    });

    it('take whatever an attacker chose, and give it back', async () => {
      const many = Object.fromEntries(
        Array.from({ length: 10_000 }, (_, i) => [`l${i}.example.com/x`, `${i}`]),
      );
      const hostile = [
        alertOf({ id: 'agent', agent: 'x'.repeat(1_000_000), user: 'u'.repeat(100_000) }),
        alertOf({ id: 'ip', user: 'bob', ip: 'not-an-address' }),
        alertOf({ id: 'message', message: `${'word '.repeat(100_000)}${'x'.repeat(100_000)}` }),
        alertOf({ id: 'surrogate', message: '\ud800', namespace: '\udc00', user: 'a\0b' }),
        labelled('many', many),
        labelled('proto', JSON.parse('{"__proto__": "x", "constructor": "y", "toString": "z", "": "e"}')),
        labelled('dots', { '.': 'a', '..': 'b', 'a..b': 'c', 'a.b': 'd', 'a.b.c': 'e' }),
        labelled('nul', { 'a\0b': 'c\0d' }),
        labelled('long', { ['k'.repeat(100_000)]: 'v'.repeat(100_000) }),
        labelled('wide', { ['\uffff'.repeat(20_000)]: '\uffff'.repeat(3000) }),
      ];
      assert.deepEqual(await store.put(hostile), []);
      for (const alert of hostile) assert.deepEqual(await store.get(alert.event.id), alert, alert.event.id);
      const { fields } = await client.fieldCaps({ index: alertsAlias(namespace), fields: '*' });
      assert.ok(Object.keys(fields).length < 200, 'no label becomes a field');
    });

    it('keep the status that a person gave also where the alert is kept as text', async () => {
      const alert = labelled('a', { 'a\0b': 'c' });
      await store.put([{ ...alert, gatewatch: { ...alert.gatewatch, status: 'acknowledged' } }]);
      await store.put([{ ...alert, gatewatch: { ...alert.gatewatch, version: 2 } }]);
      const stored = await store.get('a');
      assert.equal(stored?.gatewatch.status, 'acknowledged');
      assert.equal(stored?.gatewatch.version, 2);
    });

    it('that cannot be stored are named with the reason, and all others stored', async () => {
      const broken = { ...alertOf({ id: 'broken' }), '@timestamp': 'yesterday' };
      const refused = await store.put([alertOf({ id: 'a' }), broken, alertOf({ id: 'b' })]);
      assert.deepEqual(
        refused.map(({ alert }) => alert),
        [broken],
      );
      assert.equal(refused[0]!.error.code, 'STORE_REFUSED_DOCUMENT');
      assert.match(refused[0]!.error.message, /@timestamp.*yesterday/s);
      assert.equal((await store.count({})).total, 2);
    });
  });

  describe('put', () => {
    it('ends right when many processes put versions of the same alerts at once', async () => {
      // Small requests, so that the processes get between one another.
      const stores = Array.from(
        { length: 6 },
        () => new ElasticsearchAlertStore(client, { namespace, bulk_bytes_max: 5000 }),
      );
      const ids = Array.from({ length: 12 }, (_, at) => `a${at}`);
      const version = (id: string, version: number, status: AlertStatus = 'open') =>
        alertOf({ id, message: `version ${version}`, gatewatch: { version, status } });
      const stored = async () => {
        await client.indices.refresh({ index: alertsAlias(namespace) });
        return (await store.find(NEWEST_FIRST)).alerts;
      };
      const outcomes = (alerts: readonly Alert[]) =>
        alerts.map(({ message, gatewatch }) => `${message} ${gatewatch.status}`);

      await Promise.all(
        stores.map((each, at) =>
          each.put(ids.flatMap((id) => [version(id, ((at * 5) % 6) + 1), version(id, 6 - at)])),
        ),
      );
      assert.deepEqual(outcomes(await stored()), Array(12).fill('version 6 open'));

      await Promise.all([
        ...stores.map((each) => each.put(ids.map((id) => version(id, 7)))),
        store.put(ids.map((id) => version(id, 7, 'acknowledged'))),
      ]);
      assert.deepEqual(outcomes(await stored()), Array(12).fill('version 7 acknowledged'));
    });

    it('takes more alerts than fit into one request', async () => {
      const small = new ElasticsearchAlertStore(client, { namespace, bulk_bytes_max: 20_000, refresh: true });
      const alerts = Array.from({ length: 1200 }, (_, at) => alertOf({ id: `a${at}`, user: `user-${at}` }));
      assert.deepEqual(await small.put(alerts), []);
      assert.equal((await store.count({})).total, 1200);
    });

    it('waits out an index that takes no writes', async () => {
      await store.put([alertOf({ id: 'a' })]);
      const index = `gatewatch-alerts-${namespace}-2026.11`;
      const block = (blocked: boolean) =>
        client.indices.putSettings({
          index,
          settings: { index: { blocks: { read_only_allow_delete: blocked } } },
        });
      await block(true);
      const readOnly = { code: 'STORE_READ_ONLY', message: /blocked/ };
      await assert.rejects(store.put([alertOf({ id: 'b' })]), readOnly);
      assert.equal((await store.count({})).total, 1, 'it is read meanwhile');
      await block(false);
      await store.put([alertOf({ id: 'b' })]);
      assert.equal((await store.count({})).total, 2);
    });
  });

  describe('reading', () => {
    it('gives nothing where no alert was ever stored', async () => {
      assert.deepEqual(await store.find(NEWEST_FIRST), { alerts: [] });
      assert.deepEqual(await store.count({}, 'rule'), { total: 0, values: [] });
      assert.equal(await store.get('a'), undefined);
    });

    it('finds times before 1970 and after 2255 too, and no time outside', async () => {
      await store.put([alertOf({ id: 'a' })]);
      const found = async (filter: object) => (await store.count(filter)).total;
      assert.equal(await found({ from: '0001-01-01T00:00:00Z', to: '9999-12-31T23:59:59Z' }), 1);
      assert.equal(await found({ to: '1900-01-01T00:00:00Z' }), 0);
      assert.equal(await found({ from: '9000-01-01T00:00:00Z' }), 0);
    });

    it('counts over months exactly', async () => {
      await store.put(
        Array.from({ length: 300 }, (_, at) => {
          const month = String((at % 6) + 1).padStart(2, '0');
          return alertOf({ id: `a${at}`, time: `2026-${month}-03T00:00:00Z`, user: `u${at % 150}` });
        }),
      );
      const { total, values } = await store.count({}, 'user');
      assert.equal(total, 300);
      assert.equal(values.length, 100);
      assert.deepEqual(new Set(values.map(({ count }) => count)), new Set([2]));
    });
  });
});
