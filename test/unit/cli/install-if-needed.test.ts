import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, suite, test } from 'node:test';

const SCRIPT = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'install-if-needed.mjs');
const root = mkdtempSync(join(tmpdir(), 'gatewatch-install-'));
after(() => rmSync(root, { recursive: true }));

const LOCK = {
  packages: {
    '': {},
    'node_modules/a': { integrity: 'sha512-a' },
    'node_modules/other-platform': { integrity: 'sha512-b', optional: true },
  },
};

/** Stands for npm: notes how it was called, and installs unless told to fail. */
const NPM = `
  import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
  const args = process.argv.slice(2);
  appendFileSync('calls', args.join(' ') + '\\n');
  console.log('noise of npm');
  if (process.env.FAIL?.split(',').includes(args[0])) { console.error('npm says no'); process.exit(1); }
  mkdirSync('node_modules/.bin', { recursive: true });
  if (process.env.OWN_NODE) writeFileSync('node_modules/.bin/node', process.env.OWN_NODE, { mode: 0o755 });
`;

let project = '';
let run = 0;
beforeEach(() => {
  project = join(root, String(run++));
  mkdirSync(join(project, 'src', 'cli'), { recursive: true });
  mkdirSync(join(project, 'npm'));
  cpSync(SCRIPT, join(project, 'src', 'cli', 'install-if-needed.mjs'));
  writeFileSync(join(project, 'npm', 'package.json'), '{"type":"module"}');
  writeFileSync(join(project, 'npm', 'npm-cli.js'), NPM);
  lock(LOCK);
});

function lock(content: unknown): void {
  writeFileSync(join(project, 'package-lock.json'), JSON.stringify(content));
}

/** Runs the script, on a Node that says it is of the version. */
function install(env: Record<string, string> = {}, version = process.version) {
  const pretend = join(project, 'version.cjs');
  writeFileSync(pretend, `Object.defineProperty(process, 'version', { value: '${version}' })`);
  const result = spawnSync(process.execPath, ['--require', pretend, 'src/cli/install-if-needed.mjs'], {
    cwd: project,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, npm_execpath: join(project, 'npm', 'npm-cli.js'), ...env },
  });
  assert.equal(result.stdout, '');
  return { code: result.status, stderr: result.stderr };
}

function calls(): string[] {
  const file = join(project, 'calls');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

suite('install-if-needed', () => {
  test('installs once, telling of it on stderr only', () => {
    const { code, stderr } = install();
    assert.equal(code, 0);
    assert.match(stderr, /^Installing dependencies\.* done\n$/);
    assert.deepEqual(calls(), ['ci --no-audit --no-fund']);
    assert.deepEqual(install(), { code: 0, stderr: '' });
    assert.equal(calls().length, 1);
  });

  test('installs again when the lock file has changed', () => {
    install();
    lock({ packages: {} });
    install();
    assert.equal(calls().length, 2);
  });

  test('sees that someone has installed by hand, packages of other platforms aside', () => {
    mkdirSync(join(project, 'node_modules'));
    const present = join(project, 'node_modules', '.package-lock.json');
    writeFileSync(present, JSON.stringify({ packages: { 'node_modules/a': { integrity: 'sha512-a' } } }));
    assert.deepEqual(install(), { code: 0, stderr: '' });
    assert.deepEqual(calls(), []);
  });

  test('sees that what is installed is not what the lock file says', () => {
    mkdirSync(join(project, 'node_modules'));
    const present = join(project, 'node_modules', '.package-lock.json');
    writeFileSync(present, JSON.stringify({ packages: { 'node_modules/a': { integrity: 'sha512-old' } } }));
    install();
    assert.equal(calls().length, 1);
  });

  test('does nothing in a published package', () => {
    rmSync(join(project, 'package-lock.json'));
    assert.deepEqual(install({}, 'v16.0.0'), { code: 0, stderr: '' });
    assert.equal(existsSync(join(project, 'node_modules')), false);
  });

  test('tries other ways before it gives up, and then says what npm said', () => {
    assert.equal(install({ FAIL: 'ci' }).code, 0);
    assert.deepEqual(
      calls().map((call) => call.split(' ')[0]),
      ['ci', 'ci', 'install'],
    );
    lock({ packages: {} });
    const { code, stderr } = install({ FAIL: 'ci,install' });
    assert.equal(code, 1);
    assert.match(stderr, /could not be installed[\s\S]*npm says no/);
    assert.equal(
      install({ FAIL: 'ci,install' }).code,
      1,
      'a failed attempt is not taken for an installation',
    );
  });

  test('on an old Node takes the one that came with the dependencies', () => {
    const { code } = install({ OWN_NODE: '#!/bin/sh\necho v24.1.0\n' }, 'v16.20.0');
    assert.equal(code, 0);
    assert.deepEqual(calls(), ['ci --no-audit --no-fund --include=optional']);
  });

  test('says so when the Node in effect stays too old', () => {
    for (const env of [{}, { OWN_NODE: '#!/bin/sh\necho v22.0.0\n' }, { OWN_NODE: '#!/nonexistent\n' }]) {
      const { code, stderr } = install(env as Record<string, string>, 'v20.0.0');
      assert.equal(code, 1);
      assert.match(stderr, /needs Node 24 or later; this is v2[02]\.0\.0/);
      rmSync(join(project, 'node_modules'), { recursive: true });
    }
  });

  test('removes a Node that does not run here from in front of one that does', () => {
    assert.equal(install({ OWN_NODE: '#!/nonexistent\n' }).code, 0);
    assert.equal(existsSync(join(project, 'node_modules', '.bin', 'node')), false);
  });

  test('says what is wrong with a damaged lock file', () => {
    writeFileSync(join(project, 'package-lock.json'), '{');
    const { code, stderr } = install();
    assert.equal(code, 1);
    assert.match(stderr, /^Checking the dependencies failed: /);
  });
});
