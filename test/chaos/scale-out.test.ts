import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seeded } from './random.ts';
import { runChaos } from './scale-out.ts';

test('roles, broker and Elasticsearch are killed, stopped and slowed down under load: the alerts are those of a replay', async (t) => {
  const random = seeded((line) => t.diagnostic(line));
  const result = await runChaos({ random, minutes: 2, awayMs: 8_000, say: (line) => t.diagnostic(line) });
  t.diagnostic(JSON.stringify(result));
  assert.ok(result.alerts > 0 && result.acknowledged > 0);
  assert.deepEqual([result.duplicates, result.lost], [0, 0]);
});
