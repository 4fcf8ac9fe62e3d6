import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { alertsOf, drained, metric, type Serving, until } from '../../chaos/served.ts';
import {
  type Answer,
  assertRefused,
  audit,
  bearer,
  eventList,
  folderWithConfig,
  privilegedPod,
  review,
  send,
  serveIn,
  TOKENS,
  wholeTest,
} from './support.ts';

/** More than the log keeps free for what the stages write. */
const DISK_SIZE = '80m';

function admit(serving: Serving, uid: string): Promise<Answer> {
  const body = review(uid, { object: { metadata: { annotations: { a: 'x'.repeat(200_000) } } } });
  return send(serving, '/v1/admission/prod', { body, headers: bearer(TOKENS.prod.admission) });
}

/** The pods that have alerts. */
async function alerted(serving: Serving): Promise<string[]> {
  await drained(serving);
  const names = (await alertsOf(serving)).map(({ orchestrator }) => orchestrator.resource?.name ?? '');
  return [...new Set(names)].sort();
}

/** The observer allows, whatever the log can take. */
async function assertAllowed(serving: Serving, uid: string): Promise<void> {
  const { status, json, text } = await admit(serving, uid);
  assert.equal(status, 200, text);
  assert.deepEqual(json.response, { uid, allowed: true, auditAnnotations: { uid } });
}

const batchOf = (name: string, bytes: number): string =>
  eventList([privilegedPod(name, { annotations: { fill: 'x'.repeat(bytes) } })]);

test('a full log refuses what does not fit, allows every review, and takes what fits', async (t) => {
  const scope = wholeTest(t);
  const serving = await serveIn(scope, await folderWithConfig(scope), { 'log.bytes_max': 200_000 });
  assertRefused(await audit(serving, batchOf('large', 300_000)), 'LOG_FULL');
  await assertAllowed(serving, 'u-1');
  await until(
    async () => (await metric(serving, 'gatewatch_receive_dropped_reviews_total')) === 1,
    'the dropped review to be counted',
  );
  assert.equal((await audit(serving, eventList([privilegedPod('small')]))).status, 200);
  assert.deepEqual(await alerted(serving), ['small']);
});

/** Half of what is sent. */
const MAX_BYTES = 1_000_000;

test('a log that is full of what is done with makes room by itself: much more than fits goes through', async (t) => {
  const scope = wholeTest(t);
  const serving = await serveIn(scope, await folderWithConfig(scope), { 'log.bytes_max': MAX_BYTES });
  let refused = 0;
  for (let index = 0; index < 30; index++) {
    await until(async () => {
      const answer = await audit(serving, batchOf(`pod-${index}`, 100_000));
      if (answer.status === 200) return true;
      assertRefused(answer, 'LOG_FULL');
      refused++;
      return false;
    }, 'room');
  }
  t.diagnostic(`${refused} refusals`);
  assert.equal((await alerted(serving)).length, 30);
  assert.ok((await metric(serving, 'gatewatch_log_bytes')) <= MAX_BYTES);
  // Open windows rest on more than fits, some 30 kilobytes of each pod's.
  assert.ok((await metric(serving, 'gatewatch_log_restore_lost_bytes_total')) > 0);
});

test('a disk that is full refuses, allows every review, and goes on once there is room', async (t) => {
  const scope = wholeTest(t);
  const folder = await folderWithConfig(scope);
  const disk = join(folder, 'data');
  await mkdir(disk);
  // A disk that only this process sees: it goes with it, however it ends.
  const within = [
    'unshare',
    '--mount',
    'sh',
    '-c',
    `mount -t tmpfs -o size=${DISK_SIZE} tmpfs "$0" && exec "$@"`,
    disk,
  ];
  if (spawnSync(within[0]!, [...within.slice(1), 'true']).status !== 0) {
    t.skip('no permission to mount a small disk');
    return;
  }
  const serving = await serveIn(scope, folder, {}, within);
  assert.equal((await audit(serving, batchOf('before', 10))).status, 200);
  await drained(serving);
  const ballast = join('/proc', `${serving.process.child.pid}`, 'root', disk, 'ballast');
  await writeFile(ballast, Buffer.alloc(76_000_000)).catch(() => {}); // as much as fits
  assertRefused(await audit(serving, batchOf('during', 100_000)), 'LOG_FULL');
  await assertAllowed(serving, 'u-1');
  assert.deepEqual(await alerted(serving), ['before'], 'what is stored can be read');
  assert.ok(serving.process.running);
  await rm(ballast);
  await until(async () => (await audit(serving, batchOf('after', 100_000))).status === 200, 'room');
  assert.deepEqual(await alerted(serving), ['after', 'before']);
  assert.equal((await serving.process.kill('SIGTERM')).code, 0);
});
