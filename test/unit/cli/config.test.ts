import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { configJsonSchema } from '../../../src/config/schema.ts';
import { gatewatch } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatewatch-cli-config-'));
after(() => rmSync(folder, { recursive: true }));

suite('gatewatch config', () => {
  test('check: 0 if valid', async () => {
    const { code, stdout, stderr } = await gatewatch('config', 'check', '--set', 'http.port=0');
    assert.deepEqual([code, stdout, stderr], [0, 'The configuration is valid.\n', '']);
  });

  test('check: 2 with every fault, one a line, uncoloured where nobody sees colours', async () => {
    const file = join(folder, 'faulty.yaml');
    writeFileSync(file, 'http: {prt: 1}\nlog: {bytes_max: x}\n');
    const { code, stdout, stderr } = await gatewatch('config', 'check', '--config', file, '--set', 'a=1');
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.deepEqual(stderr.trimEnd().split('\n').sort(), [
      'CONFIG_INVALID --set a: unknown key a; known here: data_dir, roles, http, https, clusters, receive, log, kafka, detect, correlate, index, elasticsearch, console, logging',
      `CONFIG_INVALID ${file}:1:8: unknown key http.prt; did you mean http.port?`,
      `CONFIG_INVALID ${file}:2:18: log.bytes_max: expected number, received string`,
    ]);
  });

  test('check: 2 if the file is not there', async () => {
    const { code, stderr } = await gatewatch('config', 'check', '-c', join(folder, 'none.yaml'));
    assert.equal(code, 2);
    assert.match(stderr, /^CONFIG_UNREADABLE .*none\.yaml: ENOENT/);
  });

  test('a malformed --set is a fault of usage', async () => {
    const { code, stderr } = await gatewatch('config', 'check', '--set', 'http.port');
    assert.equal(code, 2);
    assert.match(stderr, /^error USAGE_INVALID at --set http\.port: /);
  });

  test('schema: the JSON Schema and nothing else', async () => {
    const { code, stdout, stderr } = await gatewatch('config', 'schema');
    assert.equal(code, 0);
    assert.equal(stderr, '');
    assert.deepEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(configJsonSchema())));
  });
});
