import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { databasePath, openLog, readAll } from './helpers.ts';

const RUNS = 12;
const APPENDER = fileURLToPath(new URL('./appender.ts', import.meta.url));

test('a process killed while it appends loses nothing it acknowledged, and no order', async (t) => {
  const path = await databasePath(t);
  const acknowledged = new Map<string, number>();
  for (let run = 0; run < RUNS; run++) {
    // Killed at another place in every run: by the count of appends, not by a clock.
    for (const [key, round] of await appendUntilKilled(path, `${run}`, 5 + run * 23)) {
      acknowledged.set(key, round);
    }
  }

  const check = new DatabaseSync(path);
  assert.deepEqual({ ...check.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
  check.close();

  const log = openLog(t, path);
  const entries = await readAll(log, 'records', 'detect');
  assert.deepEqual(
    entries.map(({ offset }) => offset),
    [...entries.keys()],
  );
  const seen = new Map<string, string[]>();
  for (const { key, headers, value } of entries) {
    const parts = seen.get(key) ?? [];
    parts.push(`${headers.round} ${headers.part}`);
    seen.set(key, parts);
    assert.ok(value.equals(Buffer.alloc(value.length, `${headers.round} `)));
  }
  assert.ok(acknowledged.size >= RUNS);
  for (const [key, last] of acknowledged) {
    const parts = seen.get(key)!;
    // Each append whole, in order, with no gap; the one in flight when the process died may be there too.
    const rounds = parts.length / 2;
    assert.ok(rounds === last + 1 || rounds === last + 2, `${key}: ${last} acknowledged, ${rounds} stored`);
    const expected = [...Array(rounds).keys()].flatMap((round) => [`${round} first`, `${round} second`]);
    assert.deepEqual(parts, expected);
  }
});

/** Lets a child append until it has acknowledged so many, kills it, and says the last acknowledged round of each key. */
async function appendUntilKilled(path: string, run: string, appends: number): Promise<Map<string, number>> {
  const child = spawn(process.execPath, [APPENDER, path, run], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\n').length > appends) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  assert.equal(signal, 'SIGKILL', 'the child ended by itself');
  // A line cut by the kill was not said.
  const lines = output.slice(0, output.lastIndexOf('\n')).split('\n');
  return new Map(lines.map((line) => [line.split(' ')[0]!, Number(line.split(' ')[1])]));
}
