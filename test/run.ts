/**
 * `npm test [-- FOLDER-OR-FILE…]`: runs the tests with Node's own runner and closes with `N passed, N failed`.
 * Exit code 1 if any failed or none ran.
 */
import { globSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { needsShared } from './servers/imports.ts';
import { removeShared, sharedElasticsearch, sharedKafka } from './servers/shared.ts';

/** Longest time for one test file, milliseconds: the chaos test takes minutes, nothing takes longer. */
const FILE_MS_MAX = 15 * 60_000;

const root = join(import.meta.dirname, '..');
const asked = process.argv.slice(2);
const files = (asked.length > 0 ? asked : ['test']).flatMap((path) =>
  statSync(path).isDirectory() ? globSync(`${path}/**/*.test.ts`).sort() : [path],
);

let passed = 0;
let failed = 0;
let skipped = 0;
const failures: string[] = [];

const needing = new Set(files.filter(needsShared));
if (needing.size > 0) {
  try {
    const [brokers, url] = await Promise.all([sharedKafka(), sharedElasticsearch()]);
    process.env.GATEWATCH_TEST_KAFKA = brokers.join(',');
    process.env.GATEWATCH_TEST_ELASTICSEARCH = url;
    needing.clear();
  } catch (error) {
    console.error((error as Error).message);
    failed += needing.size;
    failures.push(...Array.from(needing, (file) => `${file}: needs a server that cannot be started`));
  }
}

// Ends the tests, then the servers; a second signal ends this process at once, and the servers end by themselves.
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());

const stream = run({
  files: files.filter((file) => !needing.has(file)),
  cwd: root,
  concurrency: availableParallelism(),
  timeout: FILE_MS_MAX,
  signal: interrupted.signal,
});
stream.on('test:pass', ({ name, skip, details }) => {
  if (details.type === 'suite') return;
  if (skip === undefined || skip === false) passed++;
  else {
    skipped++;
    console.log(`skipped: ${name}${typeof skip === 'string' ? ` (${skip})` : ''}`);
  }
});
stream.on('test:fail', ({ name, file, details }) => {
  if (details.type === 'suite') return;
  failed++;
  failures.push(`${file ?? ''}: ${name}`);
});
stream.compose(new spec()).pipe(process.stdout);
stream.on('end', () => {
  // After the reporter has written its own summary.
  setImmediate(async () => {
    for (const failure of failures) console.log(`failed: ${failure}`);
    console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
    process.exitCode = failed > 0 || passed === 0 || interrupted.signal.aborted ? 1 : 0;
    await removeShared();
  });
});
