import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Client } from '@elastic/elasticsearch';
import { AuditEventStream } from '../../../../src/index/elasticsearch/audit-stream.ts';
import { elasticsearchClient } from '../../../../src/index/elasticsearch/client.ts';
import { neededPrivileges, type Privileges } from '../../../../src/index/elasticsearch/privileges.ts';
import { deleteOldMonths } from '../../../../src/index/elasticsearch/retention.ts';
import { checkServer } from '../../../../src/index/elasticsearch/server.ts';
import { installTemplates, verifyTemplates } from '../../../../src/index/elasticsearch/setup.ts';
import { ElasticsearchAlertStore } from '../../../../src/index/elasticsearch/store.ts';
import { alertOf } from '../../../contract/alert-store-fixtures.ts';
import { type ElasticsearchServer, startElasticsearch } from '../../../servers/elasticsearch.ts';
import { auditRecord, BULK_BYTES_MAX, optionsFor, templatesFor } from './support.ts';

const PASSWORD = 'of-everyone-1';
const NEWEST_FIRST = { sort: 'time', order: 'desc', limit: 10 } as const;

/** One role in `roles.yml`, of which Elasticsearch reads the lines before it reads the YAML. */
function rolesLines([name, { cluster, indices }]: [string, Privileges]): string {
  return `${name}:\n  cluster: ${JSON.stringify(cluster)}\n  indices: ${JSON.stringify(indices)}\n`;
}

describe('with security', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatewatch-elasticsearch-'));
  const namespace = 'default';
  const needed = neededPrivileges(optionsFor(namespace));
  // The reduced distribution cannot store users, roles or keys of its own; those of files it knows.
  const roles = { ...needed, nobody: { cluster: [], indices: [] } };
  const users = Object.keys(roles);
  let server: ElasticsearchServer;
  let admin: Client;

  before(async () => {
    const files = {
      'roles.yml': Object.entries(roles).map(rolesLines).join(''),
      users: users.map((user) => `${user}:${PASSWORD}\n`).join(''),
      users_roles: users.map((user) => `${user}:${user}\n`).join(''),
    };
    server = await startElasticsearch({ password: PASSWORD, files });
    admin = clientOf('elastic');
  });
  after(async () => {
    await admin.close();
    await server.remove();
    rmSync(folder, { recursive: true });
  });

  function file(name: string, content: string): string {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  }

  function clientOf(username: string, password = PASSWORD): Client {
    const credentials = { username, password_file: file('password', `${password}\n`) };
    return elasticsearchClient(optionsFor(namespace, { nodes: [server.url], ...credentials }));
  }

  const openStore = (client: Client) =>
    new ElasticsearchAlertStore(client, { namespace, bulk_bytes_max: BULK_BYTES_MAX });

  it('needs the privileges that it names, for each part', async () => {
    const [setup, index, reader] = ['setup', 'index', 'console'].map((user) => clientOf(user)) as [
      Client,
      Client,
      Client,
    ];
    for (const client of [setup, index, reader]) assert.match((await checkServer(client))!, /^8\./);

    const planned = templatesFor(namespace);
    const missing = { code: 'STORE_TEMPLATE_CONFLICT', message: /is not installed/ };
    await assert.rejects(verifyTemplates(index, planned), missing);
    await installTemplates(setup, planned);
    await verifyTemplates(index, planned);
    assert.deepEqual(await openStore(index).put([alertOf({ id: 'a' }), alertOf({ id: 'b' })]), []);
    assert.deepEqual(await openStore(index).put([alertOf({ id: 'a', gatewatch: { version: 2 } })]), []);
    const stream = new AuditEventStream(index, { namespace, bulk_bytes_max: BULK_BYTES_MAX });
    assert.deepEqual(await stream.put([auditRecord({ verb: 'get' })]), []);
    await admin.indices.refresh();
    // With indices that exist new fields are added to them.
    await installTemplates(setup, planned);

    const store = openStore(reader);
    assert.equal((await store.find(NEWEST_FIRST)).alerts.length, 2);
    assert.equal((await store.count({}, 'rule')).total, 2);
    assert.equal((await store.get('a'))?.gatewatch.version, 2);
    assert.deepEqual(await deleteOldMonths(index, namespace, 1, Date.UTC(2027, 0, 3)), [
      'gatewatch-alerts-default-2026.11',
    ]);
    for (const client of [setup, index, reader]) await client.close();
  });

  it('says which privileges are missing', async () => {
    const [nobody, reader, writer] = ['nobody', 'console', 'index'].map((user) => clientOf(user)) as [
      Client,
      Client,
      Client,
    ];
    const notAllowed = { code: 'STORE_NOT_ALLOWED', message: /is unauthorized for user/ };
    assert.equal(await checkServer(nobody), undefined);
    await assert.rejects(openStore(nobody).find(NEWEST_FIRST), notAllowed);
    await assert.rejects(openStore(nobody).get('a'), notAllowed);
    await assert.rejects(openStore(nobody).put([alertOf({ id: 'a' })]), notAllowed);
    await assert.rejects(openStore(reader).put([alertOf({ id: 'a' })]), notAllowed);
    await assert.rejects(installTemplates(writer, templatesFor(namespace)), notAllowed);
    for (const client of [nobody, reader, writer]) await client.close();
  });

  it('says that credentials are wrong', async () => {
    const wrong = { code: 'STORE_AUTHENTICATION_FAILED' };
    const key = { api_key_file: file('key', Buffer.from('id:key').toString('base64')) };
    const clients = [
      clientOf('elastic', 'guessed'),
      elasticsearchClient(optionsFor(namespace, { nodes: [server.url], ...key })),
      elasticsearchClient(optionsFor(namespace, { nodes: [server.url] })),
    ];
    for (const client of clients) {
      await assert.rejects(checkServer(client), wrong);
      await assert.rejects(openStore(client).put([alertOf({ id: 'a' })]), wrong);
      await assert.rejects(openStore(client).find(NEWEST_FIRST), wrong);
      await client.close();
    }
  });
});
