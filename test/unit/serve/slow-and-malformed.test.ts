import assert from 'node:assert/strict';
import { type ClientRequest, request } from 'node:http';
import { connect } from 'node:net';
import { before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { metric, type Serving, until } from '../../chaos/served.ts';
import {
  answerIn,
  assertRefused,
  audit,
  bearer,
  eventList,
  folderWithConfig,
  privilegedPod,
  raw,
  send,
  serveIn,
  TOKENS,
  wholeFile,
} from './support.ts';

const BODY_BYTES_MAX = 100_000;
const PAUSE_MS = 100;

const file = wholeFile();
let serving: Serving;

before(async () => {
  serving = await serveIn(file, await folderWithConfig(file), {
    'receive.request_seconds_max': 1,
    'receive.body_bytes_max': BODY_BYTES_MAX,
    'receive.in_flight_bytes_max': 3 * BODY_BYTES_MAX,
    'receive.retry_after_seconds': 7,
  });
});

function head(...lines: readonly string[]): string {
  const all = [
    'POST /v1/audit/prod HTTP/1.1',
    'Host: x',
    `Authorization: Bearer ${TOKENS.prod.audit}`,
    ...lines,
  ];
  return `${all.join('\r\n')}\r\n\r\n`;
}

/** The process is as good as new. */
async function assertWell(): Promise<void> {
  assert.ok(serving.process.running);
  assert.equal((await audit(serving, eventList([privilegedPod('well')]))).json?.accepted, 1);
}

test('a body that trickles is told to come back', async () => {
  const body = eventList([privilegedPod('slow')]);
  const text = await raw(serving, [head(`Content-Length: ${body.length}`), ...body.slice(0, 60)], PAUSE_MS);
  assertRefused(answerIn(text), 'BODY_TOO_SLOW');
  assert.equal(answerIn(text).headers['retry-after'], '7');
  await assertWell();
});

test('a body that stops, and headers that trickle or stop', async () => {
  assertRefused(answerIn(await raw(serving, [head('Content-Length: 100'), '{'])), 'BODY_TOO_SLOW');
  assertRefused(
    answerIn(await raw(serving, [...'POST /v1/audit/prod HTTP/1.1\r\nHost: x\r\nA: b'], 50)),
    'BODY_TOO_SLOW',
  );
  assertRefused(answerIn(await raw(serving, ['POST /v1/audit/prod HTTP/1.1\r\nHost'])), 'BODY_TOO_SLOW');
  assertRefused(answerIn(await raw(serving, [])), 'BODY_TOO_SLOW');
  await assertWell();
});

test('what is not HTTP', async () => {
  for (const bytes of [
    '\x16\x03\x01\x02\x00\x01',
    'hello\r\n\r\n',
    'GET\r\n\r\n',
    '\0\0\0\0',
    'GET / HTTP/9.9\r\n\r\n',
  ]) {
    const text = await raw(serving, [bytes]);
    assertRefused(answerIn(text), 'BODY_NOT_JSON', 400);
  }
  const large = `GET /healthz HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(40_000)}\r\n\r\n`;
  assertRefused(answerIn(await raw(serving, [large])), 'BODY_NOT_JSON', 431);
  await assertWell();
});

test('requests that say their length in two ways are refused, so that nobody sees two requests where another sees one', async () => {
  const smuggled = `0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`;
  for (const lines of [
    ['Content-Length: 5', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', 'Content-Length: 5'],
    ['Content-Length: 5', 'Content-Length: 6'],
    ['Content-Length: 5, 6'],
    ['Content-Length: -1'],
    ['Content-Length: +5'],
    ['Content-Length: 0x5'],
    ['Content-Length: 99999999999999999999999'],
    ['Transfer-Encoding: chunked, identity'],
    ['Transfer-Encoding: xchunked'],
    ['Transfer-Encoding : chunked'],
    ['Transfer-Encoding:\x0bchunked'],
    [' folded: header'],
    ['A: b\rC: d'],
    ['A: b\nContent-Length: 5'],
  ]) {
    const text = await raw(serving, [head(...lines), smuggled]);
    const answers = text.split('HTTP/1.1 ').slice(1);
    assert.equal(answers.length, 1, `${lines}: ${text}`);
    assert.match(answers[0]!, /^4\d\d /);
    assert.doesNotMatch(text, /alive/);
  }
  await assertWell();
});

test('chunks that are none, or too many', async () => {
  const chunked = head('Transfer-Encoding: chunked');
  for (const chunk of ['zz\r\n', '5\r\nabc', '-1\r\n', 'ffffffffffffffffffff\r\n']) {
    const { status } = answerIn(await raw(serving, [chunked, chunk]));
    assert.ok(status === 400 || status === 408 || status === 413, `${chunk}: ${status}`);
  }
  const text = await raw(serving, [
    chunked,
    `${(2 * BODY_BYTES_MAX).toString(16)}\r\n`,
    'x'.repeat(2 * BODY_BYTES_MAX),
  ]);
  assertRefused(answerIn(text), 'BODY_TOO_LARGE');
  await assertWell();
});

test('a length of terabytes is refused at once, and holds no room', async () => {
  const text = await raw(serving, [head('Content-Length: 9999999999999', 'Connection: close')]);
  assertRefused(answerIn(text), 'BODY_TOO_LARGE');
  await assertWell();
});

/** Announces a body of this length, and sends nothing of it. */
function begin(cluster: 'prod' | 'other', bytes: number): ClientRequest {
  const { port } = new URL(serving.url);
  const headers = { ...bearer(TOKENS[cluster].audit), 'content-length': bytes };
  const begun = request({
    host: '127.0.0.1',
    port,
    method: 'POST',
    path: `/v1/audit/${cluster}`,
    headers,
    agent: false,
  });
  begun.on('error', () => {});
  begun.flushHeaders();
  return begun;
}

test('who fills its room is told to come back, and others still find theirs', async () => {
  const refused = 'gatewatch_receive_refused_total{code="OVERLOADED"}';
  const before = await metric(serving, refused);
  const begun = Array.from({ length: 8 }, () => begin('other', BODY_BYTES_MAX));
  await until(async () => (await metric(serving, refused)) > before, 'a refusal');
  const large = eventList([privilegedPod('large', { userAgent: 'x'.repeat(BODY_BYTES_MAX / 2) })]);
  const answer = await send(serving, '/v1/audit/other', { body: large, headers: bearer(TOKENS.other.audit) });
  assertRefused(answer, 'OVERLOADED');
  assert.equal((await audit(serving, large)).json?.accepted, 1, 'another cluster');
  const review = await send(serving, '/v1/admission/other', {
    body: '{}',
    headers: bearer(TOKENS.other.admission),
  });
  assertRefused(review, 'BODY_NOT_ADMISSION_REVIEW');
  for (const one of begun) one.destroy();
  await until(async () => (await audit(serving, large)).status === 200, 'room');
});

test('senders that are unknown, or go away, hold no room', async () => {
  const large = eventList([privilegedPod('large', { userAgent: 'x'.repeat(BODY_BYTES_MAX / 2) })]);
  const gzip = gzipSync(large);
  for (let round = 0; round < 30; round++) {
    const begun = begin('prod', BODY_BYTES_MAX);
    begun.write('{');
    await new Promise((resolve) => setTimeout(resolve, 5));
    begun.destroy();
    // All of a request, and then nobody there who waits for its answer.
    const gone = connect(Number(new URL(serving.url).port), '127.0.0.1');
    gone.write(head(`Content-Length: ${gzip.length}`, 'Content-Encoding: gzip'));
    await new Promise((resolve) => gone.write(gzip, resolve));
    gone.destroy();
    await send(serving, '/v1/audit/prod', { body: large, headers: bearer('unknown') });
  }
  await until(async () => (await audit(serving, large)).status === 200, 'room');
  assert.equal((await audit(serving, large)).status, 200);
});
