import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { issueClientCertificate } from '../../../src/credentials/tls.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import { ENGINES, type EngineName } from '../../../src/record/engine.ts';
import { drained, metric, type Serving } from '../../chaos/served.ts';
import { fixture, opaEntry } from '../receive/decisions/support.ts';
import {
  type Attempted,
  assertRefused,
  bearer,
  caOf,
  eventList,
  folderWithConfig,
  send,
  serveIn,
  TOKENS,
  wholeFile,
} from './support.ts';

const BODY_BYTES_MAX = 2_000_000;
const ITEMS_MAX = 500;

const file = wholeFile();
let folder: string;
let serving: Serving;

before(async () => {
  folder = await folderWithConfig(file);
  serving = await serveIn(file, folder, {
    'receive.body_bytes_max': BODY_BYTES_MAX,
    'receive.in_flight_bytes_max': 4 * BODY_BYTES_MAX,
    'receive.batch_items_max': ITEMS_MAX,
  });
});

const pathOf = (engine: EngineName, cluster = 'prod') =>
  `/v1/${engine}/${cluster}${engine === 'opa' ? '/logs' : ''}`;

function post(path: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Attempted> {
  return send(serving, path, {
    body,
    headers: { 'content-type': 'application/json', ...bearer(TOKENS.prod.decision), ...headers },
  });
}

function records(engine: EngineName): Promise<number> {
  return metric(serving, `gatewatch_receive_records_total{kind="${engine}.decision",cluster="prod"}`);
}

test('what engines send is stored, plain or gzip, and detected without a dead letter', async () => {
  const bodies: [string, EngineName, string, number][] = [
    ['/v1/opa/prod/logs', 'opa', 'opa-upload.json', 4],
    ['/v1/opa/prod/logs/a-partition', 'opa', 'opa-upload.json', 4],
    ['/v1/gatekeeper/prod', 'gatekeeper', 'gatekeeper.log.ndjson', 4],
    ['/v1/gatekeeper/prod', 'gatekeeper', 'events.watch.ndjson', 1],
    ['/v1/kyverno/prod', 'kyverno', 'kyverno.events.json', 8],
    ['/v1/kubewarden/prod', 'kubewarden', 'kubewarden.otlp.json', 2],
  ];
  for (const [path, engine, name, accepted] of bodies) {
    const before = await records(engine);
    const plain = await post(path, fixture(name));
    assert.deepEqual(plain.json, { accepted, rejected: 0, rejections: [] }, plain.text);
    const zipped = await post(path, gzipSync(fixture(name)), { 'content-encoding': 'gzip' });
    assert.equal(zipped.json.accepted, accepted);
    assert.equal(await records(engine), before + 2 * accepted);
  }
  await drained(serving);
  assert.equal(await metric(serving, 'gatewatch_dead_letters_total{code="ITEM_NOT_AN_EVENT"}'), 0);
  const counted = await metric(serving, 'gatewatch_receive_requests_total{input="kubewarden",status="200"}');
  assert.equal(counted, 2);
});

test('bodies that are refused whole store nothing, and are counted', async () => {
  const gzip = { 'content-encoding': 'gzip' };
  const large = Buffer.alloc(BODY_BYTES_MAX + 1, ' ');
  const many = JSON.stringify(Array(ITEMS_MAX + 1).fill({}));
  const cases: [ErrorCode, string | Buffer, Record<string, string>][] = [
    ['BODY_NOT_JSON', '', {}],
    ['BODY_NOT_JSON', 'hello', {}],
    ['BODY_NOT_JSON', '[{"decision_id":1}', {}],
    ['BODY_NOT_DECISIONS', 'null', {}],
    ['BATCH_TOO_MANY_ITEMS', many, {}],
    ['BODY_TOO_LARGE', large, {}],
    ['BODY_TOO_LARGE', large, { 'transfer-encoding': 'chunked' }],
    ['BODY_TOO_LARGE', gzipSync(Buffer.alloc(50_000_000)), gzip],
    ['BODY_NOT_DECOMPRESSIBLE', '[]', gzip],
    ['BODY_NOT_DECOMPRESSIBLE', gzipSync(fixture('opa-upload.json')).subarray(0, -4), gzip],
    ['BODY_ENCODING_UNSUPPORTED', '[]', { 'content-encoding': 'br' }],
  ];
  for (const engine of ENGINES) {
    for (const [code, body, headers] of cases) {
      const counted = `gatewatch_receive_refused_total{code="${code}"}`;
      const [stored, refused] = [await records(engine), await metric(serving, counted)];
      const answer = await post(pathOf(engine), body, headers);
      assertRefused(answer, code);
      assert.equal(await records(engine), stored);
      assert.equal(await metric(serving, counted), refused + answer.attempts);
    }
  }
  assert.ok(serving.process.running);
});

test('an entry that is wrong is a dead letter, and the others are stored', async () => {
  const good = (uid: string) => JSON.stringify(opaEntry({ uid, namespace: 'web' }));
  const deep = good('deep').replace('"web"', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`);
  const dead = 'gatewatch_dead_letters_total{code="ITEM_TOO_DEEP"}';
  const [stored, letters] = [await records('opa'), await metric(serving, dead)];
  const answer = await post('/v1/opa/prod/logs', `[${good('a')},${deep},7,${good('b')}]`);
  assert.equal(answer.status, 200);
  assert.deepEqual(
    answer.json.rejections.map(({ code, where }: { code: string; where: string }) => `${code} ${where}`),
    ['ITEM_TOO_DEEP [1]', 'ITEM_NOT_OBJECT [2]'],
  );
  assert.equal(await records('opa'), stored + 2);
  assert.equal(await metric(serving, dead), letters + 1);
});

test('__proto__ and constructor as keys at every level change nothing', async () => {
  const hostile =
    '{"__proto__":{"polluted":true,"kind":"x"},"constructor":{"prototype":{"polluted":true}},"toString":1,';
  for (const [engine, name] of [
    ['opa', 'opa-upload.json'],
    ['gatekeeper', 'gatekeeper.events.json'],
    ['kyverno', 'kyverno.events.json'],
    ['kubewarden', 'kubewarden.otlp.json'],
  ] as const) {
    const text = JSON.stringify(JSON.parse(fixture(name).toString()), (key, value) =>
      // Texts that hold JSON are left as they are.
      key === 'kubectl.kubernetes.io/last-applied-configuration' ? undefined : value,
    );
    const plain = (await post(pathOf(engine), text)).json.accepted;
    const answer = await post(pathOf(engine), text.replaceAll(/\{(?=")/g, hostile));
    assert.deepEqual([answer.json.accepted, answer.json.rejected], [plain, 0], answer.text);
  }
  await drained(serving);
  assert.ok(serving.process.running);
});

test('tokens: none, wrong, of another cluster, of another input', async () => {
  const { prod, other } = TOKENS;
  for (const engine of ENGINES) {
    const cases: [ErrorCode, string, Record<string, string>][] = [
      ['CREDENTIAL_INVALID', pathOf(engine), { authorization: '' }],
      ['CREDENTIAL_INVALID', pathOf(engine), bearer('wrong')],
      ['CREDENTIAL_WRONG_CLUSTER', pathOf(engine), bearer(other.decision)],
      ['CREDENTIAL_WRONG_CLUSTER', pathOf(engine), bearer(prod.audit)],
      ['CREDENTIAL_WRONG_CLUSTER', pathOf(engine), bearer(prod.admission)],
      ['CREDENTIAL_WRONG_CLUSTER', pathOf(engine, 'absent'), bearer(prod.decision)],
      ['CREDENTIAL_WRONG_CLUSTER', pathOf(engine, '__proto__'), bearer(prod.decision)],
    ];
    for (const [code, path, headers] of cases) assertRefused(await post(path, '[]', headers), code);
    assert.equal((await post(pathOf(engine), '[]')).status, 200);
  }
  // The credential of an engine is good for nothing else.
  const answer = await send(serving, '/v1/audit/prod', {
    body: eventList([]),
    headers: bearer(prod.decision),
  });
  assertRefused(answer, 'CREDENTIAL_WRONG_CLUSTER');
  assertRefused(await post('/v1/opa/prod', '[]'), 'ROUTE_UNKNOWN');
});

test('a client certificate opens the inputs of its cluster', async () => {
  const ca = await caOf(folder);
  const certificate = await issueClientCertificate(join(folder, 'data'), 'prod');
  const over = (path: string) => send(serving, path, { body: '[]', tls: { ca, ...certificate } });
  assert.equal((await over('/v1/opa/prod/logs')).status, 200);
  assertRefused(await over('/v1/kyverno/other'), 'CREDENTIAL_WRONG_CLUSTER');
});
