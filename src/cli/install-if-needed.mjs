// Runs before `npm start` and the other scripts, also on a Node that is too old for the rest of Gatewatch (16 and
// later), so plain JavaScript with nothing but Node. It installs the dependencies if they are missing or not those of
// package-lock.json. One of them is Node itself, which `npm run` then finds first. All output goes to stderr.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const LOCK_FILE = join(ROOT, 'package-lock.json');
const MODULES = join(ROOT, 'node_modules');
const MARKER = join(MODULES, '.gatewatch-installed');
const OWN_NODE = join(MODULES, '.bin', 'node');

/** Where there is no lock file this is a published package, whose dependencies npm has installed beside it. */
async function main() {
  if (!existsSync(LOCK_FILE)) return;
  const lock = readFileSync(LOCK_FILE, 'utf8');
  const wanted = createHash('sha256').update(lock).digest('hex');
  if (read(MARKER) !== wanted) {
    if (!installed(JSON.parse(lock))) await install();
    mkdirSync(MODULES, { recursive: true });
    writeFileSync(MARKER, wanted);
  }
  checkNode();
}

/** Whether someone has run npm by hand: it leaves a lock file of what is there. Optional packages may be for another platform. */
function installed(lock) {
  const text = read(join(MODULES, '.package-lock.json'));
  if (text === undefined) return false;
  const present = JSON.parse(text).packages || {};
  return Object.entries(lock.packages || {}).every(
    ([path, entry]) =>
      path === '' ||
      entry.optional ||
      entry.devOptional ||
      (present[path] !== undefined && present[path].integrity === entry.integrity),
  );
}

async function install() {
  process.stderr.write('Installing dependencies');
  const attempts = [
    ['ci', '--no-audit', '--no-fund'],
    // A cache that is good enough, when the registry cannot be reached or answers with errors.
    ['ci', '--no-audit', '--no-fund', '--prefer-offline'],
    // When npm is too old to understand the lock file, or cannot clear node_modules because something in it is in use.
    ['install', '--no-audit', '--no-fund', '--no-package-lock'],
  ];
  let output = '';
  for (const attempt of attempts) {
    const result = await npm(attempt);
    output = result.output;
    if (result.ok) {
      process.stderr.write(' done\n');
      return;
    }
  }
  process.stderr.write(' failed\n');
  fail(
    `The dependencies could not be installed. npm says:\n\n${output.trim()}\n\nIs the package registry reachable? \`npm ci\` in ${ROOT} shows more.`,
  );
}

/** Runs npm: the one that runs this script, otherwise the one on the path. A dot a second shows that it is at work. */
function npm(args) {
  // Without it an old Node would stay the effective one where npm is told to omit optional packages.
  const include = nodeMajor(process.version) < NODE_MAJOR ? ['--include=optional'] : [];
  const cli = process.env.npm_execpath || '';
  const ours = basename(cli) === 'npm-cli.js' && existsSync(cli);
  const command = ours ? process.execPath : 'npm';
  const all = [...(ours ? [cli] : []), ...args, ...include];
  return new Promise((resolve) => {
    const child = spawn(command, all, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: !ours && process.platform === 'win32',
    });
    const dots = setInterval(() => process.stderr.write('.'), 1000);
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-10_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const end = (ok) => {
      clearInterval(dots);
      resolve({ ok, output });
    };
    child.on('error', (error) => {
      keep(error.message);
      end(false);
    });
    child.on('close', (code) => end(code === 0));
  });
}

/** The scripts of package.json run on node_modules/.bin/node where it exists, because `npm run` puts it first. */
function checkNode() {
  if (nodeMajor(process.version) >= NODE_MAJOR && process.execPath.startsWith(MODULES)) return;
  let version = process.version;
  if (existsSync(OWN_NODE)) {
    const run = spawnSync(OWN_NODE, ['--version'], { encoding: 'utf8' });
    if (run.status === 0) version = run.stdout.trim();
    // Built for another C library (Alpine, for example): in the way of one that works.
    else rmSync(OWN_NODE, { force: true });
  }
  if (nodeMajor(version) < NODE_MAJOR) {
    fail(
      `Gatewatch needs Node ${NODE_MAJOR} or later; this is ${version} on ${process.platform} ${process.arch}, for which none could be installed by npm. Install it from https://nodejs.org and start again.`,
    );
  }
}

function nodeMajor(version) {
  return Number(version.replace(/^v/, '').split('.')[0]);
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

main().catch((error) => fail(`Checking the dependencies failed: ${error.message}`));
