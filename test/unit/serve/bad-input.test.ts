import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { issueClientCertificate } from '../../../src/credentials/tls.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import type { Alert } from '../../../src/record/alert.ts';
import { alertsOf, drained, GatewatchProcess, metric, type Serving } from '../../chaos/served.ts';
import {
  assertRefused,
  audit,
  bearer,
  caOf,
  eventList,
  folderWithConfig,
  privilegedPod,
  review,
  send,
  serveIn,
  TOKENS,
  wholeFile,
} from './support.ts';

const BODY_BYTES_MAX = 4_000_000;
const ITEMS_MAX = 500;
const DAY_MS = 86_400_000;

const file = wholeFile();
let folder: string;
let serving: Serving;

// One process for the whole file: whatever one test does to it, the next ones find it as good as new.
before(async () => {
  folder = await folderWithConfig(file);
  serving = await serveIn(file, folder, {
    'receive.body_bytes_max': BODY_BYTES_MAX,
    'receive.in_flight_bytes_max': 4 * BODY_BYTES_MAX,
    'receive.batch_items_max': ITEMS_MAX,
  });
});

function records(): Promise<number> {
  return metric(serving, 'gatewatch_receive_records_total{kind="audit.event",cluster="prod"}');
}

function deadLetters(code: ErrorCode): Promise<number> {
  return metric(serving, `gatewatch_dead_letters_total{code="${code}"}`);
}

/** Posts a body that is refused whole: nothing of it is stored, and the refusal is counted. */
async function assertRefusedWhole(
  code: ErrorCode,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<void> {
  const counted = `gatewatch_receive_refused_total{code="${code}"}`;
  const [stored, refused] = [await records(), await metric(serving, counted)];
  const answer = await audit(serving, body, headers);
  assertRefused(answer, code);
  assert.equal(await records(), stored);
  assert.equal(await metric(serving, counted), refused + answer.attempts);
  assert.ok(serving.process.running);
}

/** Posts items between two good ones: the good ones arrive, the others are dead letters. */
async function assertRestKept(code: ErrorCode, bad: readonly string[], tag: string): Promise<void> {
  const good = ['first', 'last'].map((place) => JSON.stringify(privilegedPod(`${tag}-${place}`)));
  const body = Buffer.from(eventList([]).replace('[]', `[${good[0]},${bad.join(',')},${good[1]}]`), 'latin1');
  const [stored, dead] = [await records(), await deadLetters(code)];
  const answer = await audit(serving, body);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.accepted, 2);
  assert.equal(answer.json.rejected, bad.length);
  for (const [index, rejection] of answer.json.rejections.entries()) {
    assert.equal(rejection.code, code);
    assert.equal(rejection.where, `items[${index + 1}]`);
    assert.ok(rejection.message.length > 5);
  }
  assert.equal(await records(), stored + 2);
  assert.equal(await deadLetters(code), dead + bad.length);
  await assertAlerted(`${tag}-first`, `${tag}-last`);
}

/** The pods of these names have alerts. */
async function assertAlerted(...names: readonly string[]): Promise<void> {
  await drained(serving);
  const found = new Set((await alertsOf(serving)).map(({ orchestrator }) => orchestrator.resource?.name));
  for (const name of names) assert.ok(found.has(name), `no alert for ${name}`);
}

test('bodies that are not JSON, empty, or not an EventList', async () => {
  for (const body of ['', ' ', 'hello', '{', '{"kind":"EventList"', `${eventList([])}}`, '\ufeff{}', '\0'])
    await assertRefusedWhole('BODY_NOT_JSON', body);
  for (const body of ['null', '[]', '7', '"x"', '{}', review('u'), eventList([]).replace('[]', '{}')])
    await assertRefusedWhole('BODY_NOT_EVENT_LIST', body);
  const broken = eventList([privilegedPod('never')]).replace('"verb":', '"verb"');
  await assertRefusedWhole('BODY_NOT_JSON', broken);
});

test('no content type, or a strange one, does not matter', async () => {
  for (const type of ['', 'text/plain', 'application/json; charset=utf-8', 'x'.repeat(1000)]) {
    const answer = await audit(serving, eventList([]), { 'content-type': type });
    assert.ok(answer.status === 200 || answer.status === 400, answer.text);
  }
});

test('a body that is too large, by its length or as it comes', async () => {
  const large = Buffer.alloc(BODY_BYTES_MAX + 1, ' ');
  await assertRefusedWhole('BODY_TOO_LARGE', large);
  const options = { 'transfer-encoding': 'chunked' };
  await assertRefusedWhole('BODY_TOO_LARGE', large, options);
  const fits = Buffer.concat([Buffer.from(eventList([])), large]).subarray(0, BODY_BYTES_MAX);
  assert.equal((await audit(serving, fits, options)).status, 200);
});

test('gzip: good, a bomb, cut short, none, and other encodings', async () => {
  const good = gzipSync(eventList([privilegedPod('gzipped')]));
  const gzip = { 'content-encoding': 'gzip' };
  assert.equal((await audit(serving, good, gzip)).json.accepted, 1);
  await assertAlerted('gzipped');
  await assertRefusedWhole('BODY_TOO_LARGE', gzipSync(Buffer.alloc(200_000_000)), gzip);
  await assertRefusedWhole('BODY_NOT_DECOMPRESSIBLE', good.subarray(0, -4), gzip);
  await assertRefusedWhole('BODY_NOT_DECOMPRESSIBLE', eventList([]), gzip);
  await assertRefusedWhole('BODY_ENCODING_UNSUPPORTED', good, { 'content-encoding': 'br' });
});

test('too many items', async () => {
  await assertRefusedWhole('BATCH_TOO_MANY_ITEMS', eventList(Array(ITEMS_MAX + 1).fill({})));
});

test('items that are no objects', async () => {
  await assertRestKept('ITEM_NOT_OBJECT', ['null', '7', '"text"', '[]', '[{}]', 'true', '-1.5e3'], 'shapes');
});

test('an item 10,000 levels deep', async () => {
  const deep = `{"verb":"create","requestObject":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`;
  await assertRestKept('ITEM_TOO_DEEP', [deep], 'deep');
});

test('an item that is not UTF-8', async () => {
  await assertRestKept('ITEM_NOT_UTF8', ['{"verb":"create","userAgent":"\xc3\x28"}', '{"a":"\xff"}'], 'utf8');
});

test('items without auditID, with fields of wrong types, or no event at all', async () => {
  const { auditID: _, ...anonymous } = privilegedPod('anonymous');
  const [stored, dead] = [await records(), await deadLetters('ITEM_NOT_AN_EVENT')];
  const wrong = [{}, { verb: 7 }, { verb: 'create', user: 'alice' }, { verb: 'get', objectRef: [] }];
  const answer = await audit(serving, eventList([anonymous, ...wrong]));
  assert.equal(answer.json.accepted, 5, 'they are JSON objects: the detector says what is wrong with them');
  assert.equal(await records(), stored + 5);
  await assertAlerted('anonymous');
  assert.equal(await deadLetters('ITEM_NOT_AN_EVENT'), dead + wrong.length);
});

test('__proto__ and constructor as keys at every level change nothing', async () => {
  const hostile = { polluted: true, privileged: true, hostPID: true, username: 'root', code: 201 };
  const pollute = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(pollute).join(',')}]`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const members = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}:${pollute(one)}`);
    const text = JSON.stringify(hostile);
    return `{"__proto__":${text},"constructor":{"prototype":${text}},"toString":1,"hasOwnProperty":null${members.map((member) => `,${member}`).join('')}}`;
  };
  const item = pollute(privilegedPod('polluted'));
  const answer = await audit(serving, eventList([]).replace('[]', `[${item}]`));
  assert.equal(answer.json?.accepted, 1, answer.text);
  const body = pollute(JSON.parse(eventList([privilegedPod('polluted-list')])));
  assert.equal((await audit(serving, body)).json?.accepted, 1);
  await assertAlerted('polluted', 'polluted-list');
  const alert = (await alertsOf(serving)).find((one) => one.orchestrator.resource?.name === 'polluted')!;
  assert.equal(alert.user?.name, 'mallory');
  assert.doesNotMatch(JSON.stringify(alert), /"polluted":true/);
});

test('label values, names and user agents of a megabyte', async () => {
  const huge = 'x'.repeat(1_000_000);
  const namespace = {
    verb: 'patch',
    auditID: 'huge',
    requestURI: '/api/v1/namespaces/huge',
    objectRef: { resource: 'namespaces', namespace: 'huge', name: 'huge', apiVersion: 'v1' },
    responseStatus: { code: 200 },
    requestObject: {
      metadata: { labels: { 'pod-security.kubernetes.io/enforce': huge, [huge.slice(0, 500)]: huge } },
    },
  };
  const pods = [
    privilegedPod('huge-agent', { userAgent: huge }),
    privilegedPod('huge-uri', { requestURI: `/${huge}` }),
  ];
  for (const event of [{ ...privilegedPod('huge'), ...namespace }, ...pods])
    assert.equal((await audit(serving, eventList([event]))).json?.accepted, 1);
  await assertAlerted('huge-agent', 'huge-uri');
  for (const alert of await alertsOf(serving)) assert.ok(JSON.stringify(alert).length < 100_000);
});

test('events of year 1 and 9999 are evaluated, and say that their time is not believed', async () => {
  const at = (time: string) => ({ requestReceivedTimestamp: time, stageTimestamp: time });
  const items = [
    privilegedPod('year-1', at('0001-01-01T00:00:00.000000Z')),
    privilegedPod('year-9999', at('9999-12-31T23:59:59.999999Z')),
    privilegedPod('year-2200', at('2200-01-01T00:00:00.000000Z')),
    privilegedPod('no-year', at('soon')),
    privilegedPod('number', { requestReceivedTimestamp: 1e300, stageTimestamp: -1 }),
  ];
  assert.equal((await audit(serving, eventList(items))).json.accepted, items.length);
  await assertAlerted('year-1', 'year-9999', 'year-2200', 'no-year', 'number');
  const limits = (await alertsOf(serving)).flatMap(({ gatewatch }) => gatewatch.limits ?? []);
  assert.ok(limits.includes('no-event-time') && limits.includes('time-disbelieved'), limits.join());
});

test('hostile text reaches the API as JSON strings, and a terminal with its controls written out', async () => {
  const hostile = '<script>alert(1)</script>\u001b[2J\u202e\u0000\r\nX-Injected: 1';
  const pod = privilegedPod('hostile', {
    user: { username: hostile, groups: [hostile] },
    userAgent: hostile,
    sourceIPs: [hostile],
    objectRef: { resource: 'pods', namespace: 'hostile', name: hostile },
  });
  assert.equal((await audit(serving, eventList([pod]))).json.accepted, 1);
  await drained(serving);
  const answer = await send(serving, '/v1/alerts?namespace=hostile', {
    method: 'GET',
    headers: bearer(serving.token),
  });
  assert.equal(answer.status, 200);
  assert.match(answer.headers['content-type'] ?? '', /^application\/json/);
  assert.equal(answer.json.alerts[0].user.name, hostile);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point
  assert.doesNotMatch(answer.text, /[\u0000-\u001f]/);

  const file = join(folder, 'hostile.ndjson');
  await writeFile(file, `${JSON.stringify(pod)}\n`);
  const { stdout } = await new GatewatchProcess(['replay', file, '--format', 'text']).ended;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point
  assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u202e]/);
  const lines = stdout.trim().split('\n');
  assert.ok(lines.length > 0 && lines.every((line) => /^\d{4}-/.test(line)), stdout);
});

test('tokens: none, wrong, of another cluster, of the other input, in the wrong place', async () => {
  const { prod, other } = TOKENS;
  const auditPath = '/v1/audit/prod';
  const admissionPath = '/v1/admission/prod';
  const cases: [ErrorCode, string, Record<string, string>][] = [
    ['CREDENTIAL_INVALID', auditPath, {}],
    ['CREDENTIAL_INVALID', auditPath, bearer('wrong')],
    ['CREDENTIAL_INVALID', auditPath, bearer('')],
    ['CREDENTIAL_INVALID', auditPath, bearer('x'.repeat(10_000))],
    [
      'CREDENTIAL_INVALID',
      auditPath,
      { authorization: `Basic ${Buffer.from(`a:${prod.audit}`).toString('base64')}` },
    ],
    ['CREDENTIAL_INVALID', auditPath, bearer(serving.token)],
    ['CREDENTIAL_INVALID', auditPath, { cookie: `gatewatch=${prod.audit}` }],
    ['CREDENTIAL_INVALID', `${auditPath}?token=${prod.audit}`, {}],
    ['CREDENTIAL_INVALID', admissionPath, {}],
    ['CREDENTIAL_INVALID', `${admissionPath}/wrong`, {}],
    ['CREDENTIAL_WRONG_CLUSTER', auditPath, bearer(other.audit)],
    ['CREDENTIAL_WRONG_CLUSTER', auditPath, bearer(prod.admission)],
    ['CREDENTIAL_WRONG_CLUSTER', admissionPath, bearer(prod.audit)],
    ['CREDENTIAL_WRONG_CLUSTER', `${admissionPath}/${other.admission}`, {}],
    ['CREDENTIAL_WRONG_CLUSTER', `${admissionPath}/${prod.audit}`, {}],
    ['CREDENTIAL_WRONG_CLUSTER', '/v1/audit/absent', bearer(prod.audit)],
  ];
  for (const [code, path, headers] of cases) {
    const answer = await send(serving, path, { body: eventList([]), headers });
    assertRefused(answer, code);
    assert.equal(answer.headers['www-authenticate'] !== undefined, code === 'CREDENTIAL_INVALID');
    for (const token of [prod.audit, prod.admission]) assert.ok(!answer.text.includes(token));
  }
  // A token in the path is for the admission input only.
  assertRefused(await send(serving, `${auditPath}/${prod.audit}`, { body: eventList([]) }), 'ROUTE_UNKNOWN');
});

test('names of clusters that are paths, prototypes or other spellings open nothing', async () => {
  for (const name of [
    '..%2fprod',
    '..%2f..%2faudit%2fprod',
    'other%2f..%2fprod',
    '%2e%2e%2fprod',
    '__proto__',
    'constructor',
    'PROD',
    'prod%00',
    'prod%20',
    'prod%2f',
    'prod;x=1',
    'p%72od%0d%0aX-Injected:%201',
  ]) {
    const answer = await send(serving, `/v1/audit/${name}`, {
      body: eventList([]),
      headers: bearer(TOKENS.other.audit),
    });
    assertRefused(answer, 'CREDENTIAL_WRONG_CLUSTER');
    assert.equal(answer.headers['x-injected'], undefined);
  }
  // Percent-encoding of the very same name is the same name.
  const same = await send(serving, '/v1/audit/%70rod/', {
    body: eventList([]),
    headers: bearer(TOKENS.prod.audit),
  });
  assert.equal(same.status, 200);
});

test('client certificates: good, of another cluster, expired, of an unknown authority', async (t) => {
  const ca = await caOf(folder);
  const dataDir = join(folder, 'data');
  const foreignDir = await mkdtemp(join(tmpdir(), 'gatewatch-foreign-'));
  t.after(() => rm(foreignDir, { recursive: true }));
  const post = async (certificate: { cert: string; key: string } | undefined, path = '/v1/audit/prod') =>
    send(serving, path, { body: eventList([]), tls: { ca, ...certificate } });
  const good = await issueClientCertificate(dataDir, 'prod');
  assert.equal((await post(good)).status, 200);
  assertRefused(await post(good, '/v1/audit/other'), 'CREDENTIAL_WRONG_CLUSTER');
  assertRefused(await post(await issueClientCertificate(dataDir, 'other')), 'CREDENTIAL_WRONG_CLUSTER');
  assertRefused(await post(await issueClientCertificate(dataDir, 'absent')), 'CREDENTIAL_INVALID');
  const expired = await issueClientCertificate(dataDir, 'prod', { days: 1, nowMs: Date.now() - 10 * DAY_MS });
  assertRefused(await post(expired), 'CREDENTIAL_INVALID');
  assertRefused(await post(await issueClientCertificate(foreignDir, 'prod')), 'CREDENTIAL_INVALID');
  assertRefused(await post(undefined), 'CREDENTIAL_INVALID');
  // The listener's own certificate comes from the same authority, and is nobody's credential.
  const [cert, key] = await Promise.all(
    ['server.crt', 'server.key'].map((name) => readFile(join(dataDir, 'tls', name), 'utf8')),
  );
  assertRefused(await post({ cert: cert!, key: key! }), 'CREDENTIAL_INVALID');
  // A good token with a bad certificate is a good token.
  const both = await send(serving, '/v1/audit/prod', {
    body: eventList([]),
    headers: bearer(TOKENS.prod.audit),
    tls: { ca, ...expired },
  });
  assert.equal(both.status, 200);
});

test('the https listener has the inputs and health, and nothing else', async () => {
  const tls = { ca: await caOf(folder) };
  for (const path of [
    '/',
    '/login',
    '/metrics',
    '/v1/alerts',
    '/openapi.json',
    '/v1/audit',
    '/%zz',
    `/${'x'.repeat(9000)}`,
  ]) {
    const answer = await send(serving, path, { method: 'GET', tls, headers: bearer(serving.token) });
    assertRefused(answer, 'ROUTE_UNKNOWN');
  }
  assert.equal((await send(serving, '/healthz', { method: 'GET', tls })).status, 200);
  assertRefused(await send(serving, '/v1/nothing', { body: '{', tls }), 'ROUTE_UNKNOWN');
});

test('unknown routes and methods', async () => {
  for (const [method, path] of [
    ['GET', '/v1/audit/prod'],
    ['PUT', '/v1/audit/prod'],
    ['DELETE', '/v1/alerts'],
    ['POST', '/v1/audit'],
    ['POST', '/v1/audit/prod/more'],
    ['GET', '/v1/../v1/nothing'],
    ['GET', `/v1/${'x'.repeat(4000)}`],
  ] as const) {
    assertRefused(await send(serving, path, { method, headers: bearer(TOKENS.prod.audit) }), 'ROUTE_UNKNOWN');
  }
  assertRefused(await send(serving, '/%zz', { method: 'GET' }), 'ROUTE_UNKNOWN');
  assertRefused(
    await send(serving, `/v1/audit/${'x'.repeat(5000)}`, { headers: bearer(TOKENS.prod.audit), body: '{}' }),
    'ROUTE_UNKNOWN',
  );
});

test('reviews: answered with their uid, also those that break a limit; others are refused', async () => {
  const post = (body: string | Buffer) =>
    send(serving, '/v1/admission/prod?timeout=1s', { body, headers: bearer(TOKENS.prod.admission) });
  const deep = review('deep', { object: 'X' }).replace('"X"', `${'['.repeat(10_000)}${']'.repeat(10_000)}`);
  const dead = await deadLetters('ITEM_TOO_DEEP');
  for (const [uid, body] of [
    ['plain', review('plain')],
    ['deep', deep],
    ['latin', Buffer.from(review('latin', { name: 'é' }), 'latin1')],
    ['\u001b"<b>', review('\u001b"<b>')],
  ] as const) {
    const answer = await post(body);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json, {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid, allowed: true, auditAnnotations: { uid } },
    });
  }
  await drained(serving);
  assert.equal(await deadLetters('ITEM_TOO_DEEP'), dead + 1);
  assertRefused(await post(''), 'BODY_NOT_JSON');
  assertRefused(await post('{}'), 'BODY_NOT_ADMISSION_REVIEW');
  assertRefused(await post(eventList([])), 'BODY_NOT_ADMISSION_REVIEW');
});

test('after all of this, a recording gives the very alerts that it gives alone', async () => {
  const recording = await readFile(new URL('../../../src/cli/demo/recording.ndjson.gz', import.meta.url));
  const events = gunzipSync(recording).toString().trim().split('\n');
  const file = join(folder, 'recording.ndjson');
  await writeFile(file, events.join('\n'));
  const replay = await new GatewatchProcess(['replay', file, '--cluster', 'prod', '--format', 'ndjson'])
    .ended;
  const alone: Alert[] = replay.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (let at = 0; at < events.length; at += 20) {
    const items = events.slice(at, at + 20).join(',');
    assert.equal(
      (
        await audit(
          serving,
          eventList([]).replace('[]', () => `[${items}]`),
        )
      ).status,
      200,
    );
  }
  await drained(serving);
  const served = new Map((await alertsOf(serving)).map((alert) => [alert.event.id, alert]));
  for (const alert of alone) {
    const found = served.get(alert.event.id);
    assert.ok(found, `${alert.rule.name}: ${alert.message}`);
    assert.equal(found.message, alert.message);
    assert.deepEqual(
      found.gatewatch.evidence.map(({ record_id }) => record_id),
      alert.gatewatch.evidence.map(({ record_id }) => record_id),
    );
  }
  assert.equal((await send(serving, '/readyz', { method: 'GET' })).status, 200);
  assert.doesNotMatch(serving.process.stdout, /"level":(?:50|60)/, 'nothing was logged as an error');
});
