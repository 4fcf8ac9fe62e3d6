import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { alertsOf, drained, GatewatchProcess, type Serving, serveArguments } from '../../chaos/served.ts';
import {
  assertRefused,
  audit,
  bearer,
  caOf,
  eventList,
  folderWithConfig,
  privilegedPod,
  type Scope,
  send,
  serveIn,
  TOKENS,
  wholeTest,
} from './support.ts';

/** Runs `serve` that is expected to end by itself. */
async function failed(scope: Scope, folder: string, set: Record<string, string | number> = {}) {
  const { ended, child } = new GatewatchProcess(
    serveArguments({ dataDir: join(folder, 'data'), configFile: join(folder, 'gatewatch.yaml'), set }),
  );
  scope.after(() => child.kill('SIGKILL'));
  const { code, stderr } = await ended;
  return { code, stderr };
}

/** A request of which the head and a part of the body have been sent. */
async function halfSent(serving: Serving, body: string) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const { port } = new URL(serving.url);
  const headers = {
    ...bearer(TOKENS.prod.audit),
    'content-length': Buffer.byteLength(body),
    expect: '100-continue',
  };
  const half = request({
    host: '127.0.0.1',
    port,
    path: '/v1/audit/prod',
    method: 'POST',
    headers,
    agent: false,
  });
  half.on('error', reject);
  half.on('response', (answer) => {
    let text = '';
    answer.on('data', (part) => {
      text += part;
    });
    answer.on('end', () => resolve({ status: answer.statusCode!, text }));
  });
  half.flushHeaders();
  await new Promise((go) => half.once('continue', go));
  half.write(body.slice(0, 100));
  return { finish: () => half.end(body.slice(100)), answer: promise };
}

test('SIGTERM: the request in hand is answered and kept, new ones are turned away, the exit is clean', async (t) => {
  const scope = wholeTest(t);
  const folder = await folderWithConfig(scope);
  const serving = await serveIn(scope, folder);
  const half = await halfSent(serving, eventList([privilegedPod('in-hand')]));
  serving.process.child.kill('SIGTERM');
  const turnedAway = async (): Promise<boolean> => {
    const answer = await audit(serving, eventList([privilegedPod('new')])).catch(() => undefined);
    if (answer?.status === 503) assertRefused(answer, 'SHUTTING_DOWN');
    return answer?.status !== 200;
  };
  while (!(await turnedAway()));
  half.finish();
  const { status, text } = await half.answer;
  assert.equal(status, 200, text);
  const { code, signal } = await serving.process.ended;
  assert.deepEqual([code, signal], [0, null]);

  const again = await serveIn(scope, folder);
  await drained(again);
  const names = (await alertsOf(again)).map(({ orchestrator }) => orchestrator.resource?.name);
  assert.ok(names.includes('in-hand'), names.join());
});

test('SIGTERM does not wait for connections that ask for nothing, nor for requests that never end', async (t) => {
  const scope = wholeTest(t);
  const folder = await folderWithConfig(scope);
  const serving = await serveIn(scope, folder, { 'receive.request_seconds_max': 600 });
  const silent = connect(Number(new URL(serving.url).port), '127.0.0.1');
  const silentTls = connect(serving.httpsPort, '127.0.0.1');
  const idleTls = tlsConnect({ host: '127.0.0.1', port: serving.httpsPort, ca: await caOf(folder) });
  for (const socket of [silent, silentTls, idleTls]) socket.on('error', () => {});
  scope.after(() => [silent, silentTls, idleTls].map((socket) => socket.destroy()));
  await new Promise((resolve) => idleTls.once('secureConnect', resolve));
  const half = await halfSent(serving, eventList([privilegedPod('never')]));
  half.answer.catch(() => {});
  serving.process.child.kill('SIGTERM');
  assert.equal((await serving.process.ended).code, 0);
});

test('SIGINT twice ends at once', async (t) => {
  const scope = wholeTest(t);
  const serving = await serveIn(scope, await folderWithConfig(scope), { 'receive.request_seconds_max': 600 });
  const half = await halfSent(serving, eventList([privilegedPod('never')]));
  half.answer.catch(() => {});
  serving.process.child.kill('SIGINT');
  await new Promise((resolve) => setTimeout(resolve, 200));
  serving.process.child.kill('SIGINT');
  assert.equal((await serving.process.ended).code, 1);
});

test('two on one data folder: the second is refused, the first goes on', async (t) => {
  const scope = wholeTest(t);
  const folder = await folderWithConfig(scope);
  const serving = await serveIn(scope, folder);
  const { code, stderr } = await failed(scope, folder);
  assert.equal(code, 1);
  assert.match(stderr, /DATA_DIR_IN_USE at .*data: /);
  assert.equal((await audit(serving, eventList([privilegedPod('first')]))).status, 200);
});

test('an address in use, or not ours', async (t) => {
  const scope = wholeTest(t);
  const folder = await folderWithConfig(scope);
  const taken = createServer().listen(0, '127.0.0.1');
  scope.after(() => taken.close());
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  for (const [set, key] of [
    [{ 'http.port': port }, 'http.port'],
    [{ 'https.port': port }, 'https.port'],
    [{ 'https.host': '192.0.2.1' }, 'https.port'],
  ] as const) {
    const { code, stderr } = await failed(scope, folder, set);
    assert.equal(code, 2, stderr);
    assert.match(stderr, new RegExp(`ADDRESS_UNAVAILABLE at ${key}: `));
  }
});

test('a damaged database is named and left as it is', async (t) => {
  const scope = wholeTest(t);
  const folder = await folderWithConfig(scope);
  const file = join(folder, 'data', 'gatewatch.db');
  await mkdir(join(folder, 'data'));
  const damaged = Buffer.from('this is no database, but somebody may still need it '.repeat(1000));
  await writeFile(file, damaged);
  const { code, stderr } = await failed(scope, folder);
  assert.equal(code, 1);
  assert.match(stderr, /DATABASE_CORRUPT: .*gatewatch\.db/);
  assert.deepEqual(await readFile(file), damaged);
});

test('a data folder that cannot be used', async (t) => {
  const scope = wholeTest(t);
  const folder = await folderWithConfig(scope);
  await writeFile(join(folder, 'data'), 'a file');
  const { code, stderr } = await failed(scope, folder);
  assert.equal(code, 2, stderr);
  assert.match(stderr, /FILE_UNREADABLE/);
  const locked = await folderWithConfig(scope);
  await mkdir(join(locked, 'data', 'lock.db'), { recursive: true });
  const lock = await failed(scope, locked);
  assert.equal(lock.code, 2, lock.stderr);
  assert.match(lock.stderr, /FILE_UNREADABLE at .*lock\.db/);
});

test('errors of the configuration', async (t) => {
  const scope = wholeTest(t);
  const folder = await folderWithConfig(scope);
  for (const [set, code] of [
    [{ 'http.prot': 1 }, 'CONFIG_INVALID'],
    [{ 'http.port': 'x' }, 'CONFIG_INVALID'],
    [{ 'receive.in_flight_bytes_max': 1 }, 'CONFIG_INVALID'],
    [{ 'http.host': '0.0.0.0' }, 'CONFIG_INVALID'],
  ] as const) {
    const ended = await failed(scope, folder, set);
    assert.equal(ended.code, 2, ended.stderr);
    assert.match(ended.stderr, new RegExp(code));
  }
  for (const [text, code] of [
    ['clusters: {', 'CONFIG_UNREADABLE'],
    ['clusters: [{name: __proto__}]', 'CONFIG_INVALID'],
    ['clusters: [{name: ../prod}]', 'CONFIG_INVALID'],
    ['clusters: [{name: a, audit_token_sha256: [plain-token]}]', 'CONFIG_INVALID'],
  ] as const) {
    await writeFile(join(folder, 'gatewatch.yaml'), text);
    const ended = await failed(scope, folder);
    assert.equal(ended.code, 2, ended.stderr);
    assert.match(ended.stderr, new RegExp(code));
  }
});

test('a registered cluster is taken up while it runs; a broken file of clusters changes nothing', async (t) => {
  const scope = wholeTest(t);
  const folder = await folderWithConfig(scope);
  const serving = await serveIn(scope, folder);
  const { tokenDigest } = await import('../../../src/credentials/tokens.ts');
  const file = join(folder, 'data', 'clusters.json');
  const post = () => send(serving, '/v1/audit/late', { body: eventList([]), headers: bearer('late-token') });
  assertRefused(await post(), 'CREDENTIAL_INVALID');
  await writeFile(file, JSON.stringify([{ name: 'late', audit_token_sha256: [tokenDigest('late-token')] }]));
  while ((await post()).status !== 200) await new Promise((resolve) => setTimeout(resolve, 100));
  await writeFile(file, '{ broken');
  while (!serving.process.stdout.includes('clusters.json'))
    await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal((await post()).status, 200);
});
