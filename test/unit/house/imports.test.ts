import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import test from 'node:test';

const root = join(import.meta.dirname, '../../..');

/** Every source file's imports: packages as they are named, own files by their path below `src`. */
const imports = new Map<string, string[]>(
  globSync('src/**/*.ts', { cwd: root }).map((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const named = [...text.matchAll(/^(?:import|export)[^'"]*?from '([^']+)'|^import '([^']+)'/gm)].map(
      (found) => (found[1] ?? found[2])!,
    );
    const path = file.replace(/^src\//, '');
    return [path, named.map((name) => (name.startsWith('.') ? normalize(join(dirname(path), name)) : name))];
  }),
);

/** Rooms that hold pure code: what they do depends on their arguments alone. */
const PURE = ['record/', 'detect/', 'correlate/'];
const IMPURE_MODULES = /^(?:node:(?!crypto$|buffer$|net$)|pino$|prom-client$|fastify)/;

/** Which rooms a room may import from. The direction is that of the records. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'record/': [],
  'detect/': ['record/', 'errors.ts'],
  'correlate/': [
    'record/',
    'detect/sigma/',
    'detect/rule-options.ts',
    'detect/exceptions/model.ts',
    'errors.ts',
  ],
  'log/': ['record/', 'errors.ts'],
  'receive/': ['record/', 'log/', 'config/', 'credentials/', 'telemetry/', 'errors.ts'],
  'index/': ['record/', 'log/embedded/database.ts', 'errors.ts'],
  'stages/': ['record/', 'log/', 'detect/', 'correlate/', 'index/port.ts', 'telemetry/', 'errors.ts'],
  'console/': ['record/', 'index/port.ts', 'errors.ts'],
  'config/': ['errors.ts'],
  'credentials/': ['config/', 'errors.ts'],
  'telemetry/': ['errors.ts'],
};

test('pure rooms import no I/O, logger or metrics', () => {
  for (const [file, names] of imports) {
    if (!PURE.some((room) => file.startsWith(room))) continue;
    assert.deepEqual(
      names.filter((name) => IMPURE_MODULES.test(name)),
      [],
      file,
    );
  }
});

test('pure rooms read no clock and no randomness', () => {
  for (const file of imports.keys()) {
    if (!PURE.some((room) => file.startsWith(room))) continue;
    const text = readFileSync(join(root, 'src', file), 'utf8');
    assert.doesNotMatch(
      text,
      /Date\.now\(|new Date\(\)|performance\.now|Math\.random|\bset(?:Timeout|Interval)\(|\bprocess\.(?:env|argv|hrtime)/,
      file,
    );
  }
});

test('rooms import only in the direction of the records', () => {
  for (const [file, names] of imports) {
    const room = Object.keys(ALLOWED).find((prefix) => file.startsWith(prefix));
    if (!room) continue;
    const own = names.filter((name) => /\.ts$/.test(name) && !name.startsWith(room));
    const wrong = own.filter((name) => !ALLOWED[room]!.some((allowed) => name.startsWith(allowed)));
    assert.deepEqual(wrong, [], file);
  }
});

test('only app.ts wires stages to an implementation of the log', () => {
  for (const [file, names] of imports) {
    if (file === 'app.ts' || file.startsWith('log/')) continue;
    assert.ok(!names.some((name) => /^log\/\w+\/log\.ts$/.test(name)), file);
  }
});
