import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { GatewatchError } from '../../../src/errors.ts';
import { decompress } from '../../../src/receive/body.ts';

const MAX = 1_000_000;
const TEXT = Buffer.from('{"kind":"EventList"}'.repeat(1000));

function of(body: Buffer, encoding?: string, grown?: (bytes: number) => void): Promise<Buffer> {
  return decompress(body, encoding === undefined ? {} : { 'content-encoding': encoding }, MAX, grown);
}

function hasCode(code: string) {
  return (error: unknown) => error instanceof GatewatchError && error.code === code;
}

test('plain bodies are passed on as they are', async () => {
  for (const encoding of [undefined, '', 'identity', ' Identity '])
    assert.equal(await of(TEXT, encoding), TEXT);
});

test('gzip is undone, in one or several members, also if it is empty', async () => {
  const gzip = gzipSync(TEXT);
  for (const encoding of ['gzip', 'x-gzip', 'GZIP']) assert.deepEqual(await of(gzip, encoding), TEXT);
  assert.deepEqual(await of(Buffer.concat([gzip, gzip]), 'gzip'), Buffer.concat([TEXT, TEXT]));
  assert.deepEqual(await of(gzipSync(''), 'gzip'), Buffer.alloc(0));
});

test('a zip bomb is refused before it is held whole', async () => {
  let most = 0;
  const bomb = gzipSync(Buffer.alloc(100 * MAX));
  await assert.rejects(
    of(bomb, 'gzip', (bytes) => {
      most += bytes;
    }),
    hasCode('BODY_TOO_LARGE'),
  );
  assert.ok(most <= MAX, `${most} bytes held`);
  assert.equal((await of(gzipSync(Buffer.alloc(MAX)), 'gzip')).length, MAX);
  await assert.rejects(of(gzipSync(Buffer.alloc(MAX + 1)), 'gzip'), hasCode('BODY_TOO_LARGE'));
});

test('what grows beyond the room there is gets refused by who counts it', async () => {
  const full = new GatewatchError('OVERLOADED', 'Full.');
  await assert.rejects(
    of(gzipSync(TEXT), 'gzip', () => {
      throw full;
    }),
    full,
  );
});

test('what is not gzip, or only a part, is refused', async () => {
  const gzip = gzipSync(TEXT);
  const flipped = Buffer.from(gzip);
  flipped[flipped.length - 5]! ^= 0xff;
  for (const body of [TEXT, gzip.subarray(0, 40), gzip.subarray(0, -1), flipped, Buffer.alloc(0)]) {
    await assert.rejects(of(body, 'gzip'), hasCode('BODY_NOT_DECOMPRESSIBLE'));
  }
});

test('other encodings are refused, with a name cut short', async () => {
  for (const encoding of ['br', 'deflate', 'zstd', 'gzip, gzip', 'x'.repeat(9000)]) {
    await assert.rejects(of(TEXT, encoding), (error: GatewatchError) => {
      return error.code === 'BODY_ENCODING_UNSUPPORTED' && error.message.length < 100;
    });
  }
});
