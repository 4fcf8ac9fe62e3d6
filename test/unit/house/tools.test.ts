import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';

const root = join(import.meta.dirname, '../../..');

/** The checks of the toolchain, as tests, so that `npm test` is all there is to run. */
for (const [name, command] of [
  ['types', ['tsc', '--noEmit']],
  ['lint and format', ['biome', 'check', '.']],
  ['nothing unused', ['knip', '--no-progress']],
] as const) {
  test(name, () => {
    const [tool, ...args] = command;
    const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin', tool), args, {
      cwd: root,
      encoding: 'utf8',
    });
    assert.equal(status, 0, `${stdout}\n${stderr}`);
  });
}
