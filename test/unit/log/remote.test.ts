import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import { RemoteLog } from '../../../src/log/remote.ts';
import { databasePath, entry, hasCode, openLog, readAll } from './helpers.ts';

const MEGABYTE = 1_000_000;

test('appends from another thread are stored as they were, in order, and the memory stays here', async (t) => {
  const path = await databasePath(t);
  const { remote, ended } = startWorker(t, path);
  const values = Array.from({ length: 200 }, (_, n) => Buffer.from(`value ${n}`));
  await Promise.all(
    values.map((value, n) => remote.append('records', [{ key: 'k', value, headers: { n: `${n}` } }])),
  );
  await remote.append('namespaces', [entry('prod/web', 'labels')]);
  await remote.append('records', []);
  assert.equal(values[7]?.toString(), 'value 7');
  remote.close();
  await ended;

  const log = openLog(t, path);
  const seen = await readAll(log, 'records', 'detect');
  assert.deepEqual(
    seen.map(({ key, value, headers }) => ({ key, value, headers })),
    values.map((value, n) => ({ key: 'k', value, headers: { n: `${n}` } })),
  );
  assert.deepEqual(
    (await log.table('namespaces', 0)).map(({ key }) => key),
    ['prod/web'],
  );
});

test('an error over there is the same error here', async (t) => {
  const { remote } = startWorker(t, await databasePath(t), { bytesMax: MEGABYTE });
  await assert.rejects(
    remote.append('records', [entry('k', randomBytes(2 * MEGABYTE))]),
    hasCode('LOG_FULL'),
  );
  await remote.append('records', [entry('k', 'fits')]);
});

test('bytes in flight are bounded', async (t) => {
  const { remote } = startWorker(t, await databasePath(t), { inFlightBytesMax: MEGABYTE });
  const first = remote.append('records', [entry('k', Buffer.alloc(3 * MEGABYTE))]);
  await assert.rejects(remote.append('records', [entry('k', 'one more')]), hasCode('OVERLOADED'));
  await first;
  await remote.append('records', [entry('k', 'one more')]);
});

test('when the other thread ends, appends in flight and later ones are LOG_UNAVAILABLE', async (t) => {
  const { remote, worker } = startWorker(t, await databasePath(t));
  await remote.append('records', [entry('k', 'stored')]);
  const inFlight = Array.from({ length: 20 }, () =>
    remote.append('records', [entry('k', randomBytes(100_000))]),
  );
  const outcomes = Promise.allSettled(inFlight);
  await worker.terminate();
  for (const outcome of await outcomes) {
    assert.ok(outcome.status === 'fulfilled' || hasCode('LOG_UNAVAILABLE')(outcome.reason));
  }
  await assert.rejects(remote.append('records', [entry('k', 'late')]), hasCode('LOG_UNAVAILABLE'));
});

function startWorker(
  t: TestContext,
  path: string,
  { bytesMax = Number.POSITIVE_INFINITY, inFlightBytesMax = 64 * MEGABYTE } = {},
): { remote: RemoteLog; worker: Worker; ended: Promise<void> } {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL('./log-worker.ts', import.meta.url), {
    workerData: { path, port: port2, bytesMax },
    transferList: [port2],
  });
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const remote = new RemoteLog(port1, inFlightBytesMax);
  t.after(async () => {
    remote.close();
    await ended;
  });
  return { remote, worker, ended };
}
