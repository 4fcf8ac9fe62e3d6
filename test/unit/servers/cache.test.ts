import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { beforeEach } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { cache, cached, cacheFolder } from '../../servers/cache.ts';
import { temporaryFolder } from './child.ts';

beforeEach(() => {
  process.env.GATEWATCH_TEST_CACHE = temporaryFolder();
});

test('who comes while something is made waits for it', async () => {
  let made = 0;
  const make = async (_: unknown, folder: string): Promise<string> => {
    made++;
    await delay(100);
    const path = join(folder, 'made');
    mkdirSync(path);
    writeFileSync(join(path, 'file'), '');
    return path;
  };
  assert.equal(cached('thing'), undefined);
  const paths = await Promise.all([cache('thing', make), cache('thing', make), cache('thing', make)]);
  assert.equal(made, 1);
  assert.deepEqual(new Set(paths), new Set([join(cacheFolder(), 'thing')]));
  assert.equal(cached('thing'), paths[0]);
  assert.ok(existsSync(join(paths[0]!, 'file')));
});

test('what could not be made is not there, and is made the next time', async () => {
  const fails = async (_: unknown, folder: string): Promise<string> => {
    writeFileSync(join(folder, 'half'), '');
    throw new Error('broken');
  };
  await assert.rejects(cache('thing', fails), /broken/);
  assert.deepEqual(readdirSync(cacheFolder()), ['lock']);
  await cache('thing', async (_, folder) => {
    mkdirSync(join(folder, 'made'));
    return join(folder, 'made');
  });
  assert.ok(cached('thing'));
});

test('a cache that others may write to is refused', () => {
  chmodSync(cacheFolder(), 0o777);
  assert.throws(cacheFolder, /nobody else may write/);
});
