import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Client, errors } from '@elastic/elasticsearch';
import { type ElasticsearchServer, startElasticsearch } from '../../servers/elasticsearch.ts';
import { isAlive } from './processes.ts';

const PASSWORD = 'a "pass" word';

let server: ElasticsearchServer;
let client: Client;

before(async () => {
  server = await startElasticsearch({
    password: PASSWORD,
    settings: { 'action.auto_create_index': 'may-*' },
  });
  client = clientOf(server, PASSWORD);
});
after(async () => {
  await client?.close();
  await server?.remove();
});

test('a password turns security on', async () => {
  const { username, roles } = await client.security.authenticate();
  assert.deepEqual([username, roles], ['elastic', ['superuser']]);
  const other = clientOf(server, 'wrong');
  await assert.rejects(other.cluster.health(), statusIs(401));
  await other.close();
});

test('settings are over those of the tests', async () => {
  await client.index({ index: 'may-be', document: { a: 1 } });
  await assert.rejects(client.index({ index: 'must-not-be', document: { a: 1 } }), statusIs(404));
});

test('what was indexed is there after SIGKILL and a new start on the same port', async () => {
  await client.index({ index: 'may-be-kept', id: 'one', document: { a: 1 } });
  const { url, pid } = server;
  await server.kill();
  assert.equal(isAlive(pid), false);
  await server.start();
  assert.equal(server.url, url);
  assert.notEqual(server.pid, pid);
  const found = await client.get<{ a: number }>({ index: 'may-be-kept', id: 'one' });
  assert.deepEqual(found._source, { a: 1 });
});

test('a paused server answers nothing until it is resumed', async () => {
  await server.pause();
  const health = client.cluster.health({}, { requestTimeout: 500, maxRetries: 0 });
  await assert.rejects(health, errors.TimeoutError);
  await server.resume();
  assert.notEqual((await client.cluster.health()).status, 'red');
});

function clientOf({ url }: ElasticsearchServer, password: string): Client {
  return new Client({ node: url, auth: { username: 'elastic', password } });
}

function statusIs(status: number): (error: unknown) => boolean {
  return (error) => error instanceof errors.ResponseError && error.statusCode === status;
}
