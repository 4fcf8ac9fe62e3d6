import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Client } from '@elastic/elasticsearch';
import type { Role } from '../../../src/config/schema.ts';
import { tokenDigest } from '../../../src/credentials/tokens.ts';
import { idsOf, recordedLoad } from '../../chaos/load.ts';
import { send } from '../../chaos/sender.ts';
import { type Listening, startRoles, until } from '../../chaos/served.ts';
import { sharedElasticsearch, sharedKafka } from '../../servers/shared.ts';

const TOKEN = 'gw_audit_scale_out';
const CLUSTER = 'prod';
const ROLES: readonly Role[] = ['receive', 'detect', 'detect', 'correlate', 'index'];

describe('serve --role on Kafka and Elasticsearch', () => {
  const namespace = `test_${randomUUID().replaceAll('-', '')}`;
  const processes: { role: Role; listening: Listening }[] = [];
  const load = recordedLoad();
  let folder = '';
  let client: Client;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatewatch-scale-out-'));
    const configFile = join(folder, 'gatewatch.yaml');
    const [brokers, elasticsearch] = await Promise.all([sharedKafka(), sharedElasticsearch()]);
    const config = {
      kafka: {
        brokers,
        prefix: `${namespace}.`,
        replication_factor: 1,
        min_insync_replicas: 1,
        partitions: 4,
        session_seconds: 6,
      },
      elasticsearch: { nodes: [elasticsearch], namespace, audit_events: { enabled: true } },
      clusters: [{ name: CLUSTER, audit_token_sha256: [tokenDigest(TOKEN)] }],
    };
    await writeFile(configFile, JSON.stringify(config));
    for (const [index, role] of ROLES.entries()) {
      const set = { roles: `[${role}]`, 'https.enabled': 'false' };
      const listening = await startRoles({ dataDir: join(folder, `data-${index}`), configFile, set });
      processes.push({ role, listening });
    }
    client = new Client({ node: elasticsearch });
    // Both detectors have their share before anything comes.
    await until(async () => (await partitionsOf('detect')).every(({ length }) => length > 0), 'two shares');
    const receiver = processes.find(({ role }) => role === 'receive')!.listening;
    await send(load.bodies, { cluster: CLUSTER, token: TOKEN, connections: 4, target: () => receiver });
    await until(
      async () => (await lag()) === 0 && (await ready()),
      'the stages to have processed everything',
    );
    await client.indices.refresh({ index: `*${namespace}*` });
  });
  after(async () => {
    await Promise.all(processes.map(({ listening }) => listening.process.kill('SIGTERM')));
    await client?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** The partitions that each process of a role has. */
  async function partitionsOf(role: Role): Promise<string[][]> {
    return Promise.all(
      processes
        .filter((one) => one.role === role)
        .map(async ({ listening }) => {
          const text = await (await fetch(`${listening.url}/metrics`)).text();
          const lags = text.matchAll(/^gatewatch_consumer_lag_entries\{stage="\w+",partition="(\d+)"\}/gm);
          return Array.from(lags, ([, partition]) => partition!);
        }),
    );
  }

  async function metric(listening: Listening, name: string): Promise<number> {
    const text = await (await fetch(`${listening.url}/metrics`)).text();
    const values = text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'));
    return Array.from(values, ([, value]) => Number(value)).reduce((sum, value) => sum + value, 0);
  }

  async function lag(): Promise<number> {
    const lags = processes.map(({ listening }) => metric(listening, 'gatewatch_consumer_lag_entries'));
    return (await Promise.all(lags)).reduce((sum, value) => sum + value, 0);
  }

  async function ready(): Promise<boolean> {
    const answers = await Promise.all(processes.map(({ listening }) => fetch(`${listening.url}/readyz`)));
    return answers.every(({ ok }) => ok);
  }

  test('two detect processes share the partitions, and the records', async () => {
    const [first, second] = await partitionsOf('detect');
    assert.deepEqual([...first!, ...second!].sort(), ['0', '1', '2', '3']);
    assert.equal(first!.length, 2);
    const records = processes
      .filter(({ role }) => role === 'detect')
      .map(({ listening }) => metric(listening, 'gatewatch_detect_records_total'));
    const [one, other] = await Promise.all(records);
    assert.ok(one! > 0 && other! > 0, `${one} and ${other} records`);
    assert.equal(one! + other!, load.bodies.flatMap((body) => idsOf(body, CLUSTER)).length);
  });

  test("Kibana's External Alerts query finds the alerts, and its fields have the types of ECS", async (t) => {
    // The query of Elastic's prebuilt rule of that name.
    const query = 'event.kind:alert AND NOT event.module:(endgame OR endpoint OR cloud_defend)';
    const { hits } = await client.search({
      index: `logs-*-${namespace}`,
      query: { bool: { filter: [{ query_string: { query } }] } },
      track_total_hits: true,
      size: 1,
    });
    const total = (hits.total as { value: number }).value;
    assert.ok(total > 0);
    const { fields } = await client.fieldCaps({ index: `logs-gatewatch.alerts-${namespace}`, fields: '*' });
    const types = Object.fromEntries(
      Object.entries(fields).map(([name, caps]) => [name, Object.keys(caps)[0]]),
    );
    const ecs = {
      '@timestamp': 'date',
      message: 'text',
      'event.kind': 'keyword',
      'event.severity': 'long',
      'event.start': 'date',
      'event.ingested': 'date',
      'rule.id': 'keyword',
      'threat.technique.id': 'keyword',
      'orchestrator.cluster.name': 'keyword',
      'orchestrator.namespace': 'keyword',
      'user.name': 'keyword',
      'user.roles': 'keyword',
      'source.ip': 'ip',
      'related.ip': 'ip',
      'user_agent.original': 'keyword',
      'gatewatch.namespace.labels_after': 'flattened',
    };
    assert.deepEqual(Object.fromEntries(Object.keys(ecs).map((name) => [name, types[name]])), ecs);
    t.diagnostic(`${total} alerts, ${Object.keys(types).length} fields`);
  });

  test('the audit events are in the data stream, each once', async () => {
    const ids = new Set(load.bodies.flatMap((body) => idsOf(body, CLUSTER)));
    const { count } = await client.count({ index: `logs-kubernetes.audit_logs-${namespace}` });
    assert.equal(count, ids.size);
  });
});
