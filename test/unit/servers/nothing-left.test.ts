import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { delimiter } from 'node:path';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { cacheFolder } from '../../servers/cache.ts';
import { fakeMaven, startChild, temporaryFolder } from './child.ts';
import { isAlive, processesNaming } from './processes.ts';

test('a test process that is killed leaves nothing of its servers, running or paused', async () => {
  const TMPDIR = temporaryFolder();
  const child = startChild(
    `const [kafka, elasticsearch] = await Promise.all([startKafka(), startElasticsearch()]);
     await elasticsearch.pause();
     process.send([kafka.pid, elasticsearch.pid]);`,
    { TMPDIR, GATEWATCH_TEST_CACHE: cacheFolder() },
  );
  const [pids] = (await once(child, 'message')) as [number[]];
  assert.deepEqual(pids.map(isAlive), [true, true]);
  assert.equal(readdirSync(TMPDIR).length, 2);
  child.kill('SIGKILL');
  await until(() => processesNaming(TMPDIR).length === 0 && readdirSync(TMPDIR).length === 0);
  assert.deepEqual(pids.map(isAlive), [false, false]);
});

test('a test process that is killed leaves nothing of a server that starts', async () => {
  const TMPDIR = temporaryFolder();
  const child = startChild('await startKafka();', { TMPDIR, GATEWATCH_TEST_CACHE: cacheFolder() });
  await until(() => processesNaming(TMPDIR).some((line) => line.includes('kafka.Kafka')));
  child.kill('SIGKILL');
  await until(() => processesNaming(TMPDIR).length === 0 && readdirSync(TMPDIR).length === 0);
});

test('a test process that is killed leaves nothing of a download', async () => {
  const GATEWATCH_TEST_CACHE = temporaryFolder();
  const bin = fakeMaven('exec tail -f "$0"');
  const PATH = [bin, process.env.PATH].join(delimiter);
  const child = startChild('await startKafka();', { PATH, GATEWATCH_TEST_CACHE });
  await until(() => processesNaming(bin).some((line) => line.startsWith('tail')));
  assert.equal(readdirSync(GATEWATCH_TEST_CACHE).length, 2);
  child.kill('SIGKILL');
  await until(() => processesNaming(bin).length === 0 && readdirSync(GATEWATCH_TEST_CACHE).length === 1);
  assert.deepEqual(readdirSync(GATEWATCH_TEST_CACHE), ['lock']);
});

/** Longest wait, milliseconds: only a failure takes as long. */
const WAIT_MS_MAX = 120_000;

async function until(holds: () => boolean): Promise<void> {
  for (const giveUp = performance.now() + WAIT_MS_MAX; !holds(); await delay(50))
    assert.ok(performance.now() < giveUp, 'waited too long');
}
