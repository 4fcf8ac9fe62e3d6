import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, suite, test } from 'node:test';
import type { ClusterConfig } from '../../../src/config/sections/clusters.ts';
import {
  addCluster,
  clustersFile,
  joinClusters,
  readClusters,
} from '../../../src/credentials/clusters-file.ts';

const root = await mkdtemp(join(tmpdir(), 'gatewatch-clusters-'));
after(() => rm(root, { recursive: true }));

const DIGEST = 'ab'.repeat(32);
let dataDir = '';
let run = 0;

beforeEach(() => {
  dataDir = join(root, String(run++), 'data');
});

function cluster(name: string, more: Partial<ClusterConfig> = {}): ClusterConfig {
  return {
    name,
    audit_token_sha256: [DIGEST],
    admission_token_sha256: [],
    decision_token_sha256: [],
    client_certificate_names: [],
    ...more,
  };
}

async function write(content: string): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  await writeFile(clustersFile(dataDir), content);
}

suite('the file of registered clusters', () => {
  test('is read back as it was written, for its owner only', async () => {
    assert.deepEqual(await readClusters(dataDir), []);
    await addCluster(dataDir, cluster('a'));
    await addCluster(dataDir, cluster('b', { client_certificate_names: ['gatewatch:b'] }));
    assert.deepEqual(await readClusters(dataDir), [
      cluster('a'),
      cluster('b', { client_certificate_names: ['gatewatch:b'] }),
    ]);
    assert.equal((await stat(clustersFile(dataDir))).mode & 0o777, 0o600);
    assert.equal((await stat(dataDir)).mode & 0o777, 0o700);
    assert.deepEqual(await readdir(dataDir), ['clusters.json']);
  });

  test('keeps a registered cluster unless it is to be replaced', async () => {
    await addCluster(dataDir, cluster('a'));
    await assert.rejects(addCluster(dataDir, cluster('a')), { code: 'USAGE_INVALID' });
    await addCluster(dataDir, cluster('a', { audit_token_sha256: [] }), { replace: true });
    assert.deepEqual(await readClusters(dataDir), [cluster('a', { audit_token_sha256: [] })]);
  });

  test('loses nothing when several add to it at once', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `c${index}`);
    await Promise.all(names.map((name) => addCluster(dataDir, cluster(name))));
    assert.deepEqual((await readClusters(dataDir)).map(({ name }) => name).sort(), names.sort());
  });

  test('takes over the lock of a killed process', async () => {
    await addCluster(dataDir, cluster('a'));
    // The largest process id that Linux gives out is 2^22; our own stands for a process before us in a container.
    for (const owner of ['99999999', String(process.pid)]) {
      await writeFile(join(dataDir, 'credentials.lock'), owner);
      await addCluster(dataDir, cluster('a'), { replace: true });
    }
    assert.deepEqual(await readdir(dataDir), ['clusters.json']);
  });

  test('may be empty, and may hold keys of a newer version', async () => {
    await write(' \n');
    assert.deepEqual(await readClusters(dataDir), []);
    await write(JSON.stringify([{ name: 'a', novelty: 1 }]));
    assert.deepEqual(await readClusters(dataDir), [cluster('a', { audit_token_sha256: [] })]);
  });

  test('is refused with its name and what is wrong', async () => {
    for (const [content, code, what] of [
      ['{', 'CONFIG_UNREADABLE', /Not JSON/],
      ['{}', 'CONFIG_INVALID', /expected array/],
      ['[{"name":"A"}]', 'CONFIG_INVALID', /\[0\]\.name/],
      ['[{"name":"a","audit_token_sha256":["x"]}]', 'CONFIG_INVALID', /SHA-256/],
    ] as const) {
      await write(content);
      await assert.rejects(
        readClusters(dataDir),
        (error: { code: string; where: string; message: string }) => {
          assert.equal(error.code, code);
          assert.equal(error.where, clustersFile(dataDir));
          assert.match(error.message, what);
          return true;
        },
      );
    }
  });

  test('is left as it is when it cannot be understood', async () => {
    await write('{');
    await assert.rejects(addCluster(dataDir, cluster('b')), { code: 'CONFIG_UNREADABLE' });
    assert.deepEqual(await readdir(dataDir), ['clusters.json']);
  });

  test('joins with the clusters of the configuration by name', () => {
    const other = 'cd'.repeat(32);
    assert.deepEqual(
      joinClusters(
        [cluster('a')],
        [cluster('b'), cluster('a', { audit_token_sha256: [other], client_certificate_names: ['x'] })],
      ),
      [cluster('a', { audit_token_sha256: [DIGEST, other], client_certificate_names: ['x'] }), cluster('b')],
    );
  });
});
