import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { openLog } from '../../../src/app.ts';
import { readFiles } from '../../../src/cli/reading.ts';
import { loadConfig, parseSet } from '../../../src/config/load.ts';
import { recordToEntry } from '../../../src/log/codec.ts';
import { findFiles } from '../../../src/receive/files/read.ts';
import { databaseFile } from '../../../src/serve/data-dir.ts';
import { gatewatch } from './program.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** Bob is refused a pod at 13:38:22, weakens the namespace at 13:38:24, is admitted at 13:38:27 and deletes the pod a second later. */
const RECORDING = join(ROOT, 'test/fixtures/recordings/02h-denied-relabel-succeed-revert.ndjson');

async function rulesOf(...args: readonly string[]): Promise<string[]> {
  const { stdout, stderr } = await gatewatch('replay', RECORDING, '--format', 'ndjson', ...args);
  assert.match(stderr, /^1 files, \d+ records, 0 rejected: \d+ alerts\.\n$/);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).gatewatch.detection_id);
}

test('of a period, what came before it teaches and is not told; what came after it never was', async () => {
  const whole = await rulesOf();
  const before = await rulesOf('--to', '2026-11-22T13:38:26Z');
  const after = await rulesOf('--from', '2026-11-22T13:38:26Z');
  assert.ok(!before.includes('AC08') && !before.includes('CH04'), `${before}`);
  assert.ok(before.length > 0 && after.length > 0 && before.length < whole.length);
  assert.ok(after.includes('AC08') && after.includes('CH04'), 'the namespace was weakened before');
  assert.deepEqual(await rulesOf('--from', '2026-11-22', '--to', '2026-11-23'), whole);
  assert.deepEqual(await rulesOf('--from', '2026-11-23'), []);
});

test('two sets of rules are compared by their alerts', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-compare-'));
  t.after(() => rm(folder, { recursive: true }));
  await cp(join(ROOT, 'rules'), folder, { recursive: true });
  const deleted = join(folder, 'change/pods-deleted.yml');
  const text = await readFile(deleted, 'utf8');
  await writeFile(deleted, text.replace('level: informational', 'level: high'));
  await rm(join(folder, 'workload/attack-tool-name.yml'));
  const compare = ['replay', RECORDING, '--compare', 'shipped', folder];
  const { stdout, stderr } = await gatewatch(...compare);
  const lines = stdout.split('\n').filter(Boolean);
  assert.ok(
    lines.some((line) => /^- \S+ \S+ PW18 /.test(line)),
    stdout,
  );
  assert.ok(
    lines.some((line) => /^~ \S+ HIGH CH04 .*\(level\)$/.test(line)),
    stdout,
  );
  assert.ok(
    lines.every((line) => / (?:PW18|CH04) /.test(line)),
    stdout,
  );
  assert.match(stderr, /\d+ alerts with shipped, \d+ with .*: 0 added, \d+ removed, 1 changed\.\n$/);
  const { stdout: documents } = await gatewatch(...compare, '--format', 'ndjson');
  const changes = documents.split('\n').filter(Boolean);
  assert.equal(changes.length, lines.length);
  for (const line of changes) assert.ok(['removed', 'changed'].includes(JSON.parse(line).change));
  const { stdout: same } = await gatewatch('replay', RECORDING, '--compare', 'shipped', join(ROOT, 'rules'));
  assert.equal(same, '');
});

test('the log is replayed as files are, all clusters or one', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-log-'));
  t.after(() => rm(folder, { recursive: true }));
  const config = loadConfig({ env: {}, overrides: [parseSet(`data_dir=${folder}`)] });
  const log = await openLog(config, databaseFile(folder));
  for (const cluster of ['one', 'two'])
    for await (const { records } of readFiles(await findFiles([RECORDING]), cluster, config.receive))
      await log.append('records', records.map(recordToEntry));
  await log.close();
  const sentences = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await gatewatch('replay', ...args);
    assert.equal(code, 0, stderr);
    return stdout.split('\n').filter(Boolean).sort();
  };
  const logged = (...args: readonly string[]) => sentences('--log', '--data-dir', folder, ...args);
  const one = await sentences(RECORDING, '--cluster', 'one');
  assert.deepEqual(await logged('--cluster', 'one'), one);
  assert.deepEqual(await logged('--cluster', 'three'), []);
  assert.deepEqual(await logged(), [...one, ...(await sentences(RECORDING, '--cluster', 'two'))].sort());
});

test('what is asked for in a wrong way is refused with what to write', async () => {
  for (const [options, said] of [
    [['--from', 'yesterday'], 'at --from: yesterday is no time. Write a date'],
    [['--from', '2026-11-23', '--to', '2026-11-22'], 'at --to: The period ends before it begins.'],
    [['--compare', 'rules'], 'at --compare: Name two folders of rules'],
    [['--compare', 'rules', 'shipped', '--signals'], 'at --compare: Name two folders of rules'],
    [['--log'], 'at PATH…: Name files or folders, or give --log.'],
    [['--format', 'xml'], 'at --format: Unknown value xml: ndjson, text.'],
  ] as const) {
    const { code, stderr } = await gatewatch('replay', RECORDING, ...options);
    assert.equal(code, 2);
    assert.ok(stderr.startsWith(`error USAGE_INVALID ${said}`), stderr);
  }
});
