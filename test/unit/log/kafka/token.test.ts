import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewatchError } from '../../../../src/errors.ts';
import { printedToken } from '../../../../src/log/kafka/token.ts';

const SECRET = 'hush-hush';

describe('the token command', () => {
  test('prints the token, or JSON as identity providers answer', async () => {
    assert.equal(await printedToken(['echo', 'abc.def.']), 'abc.def.');
    assert.equal(await printedToken(['echo', '{"access_token":"abc","expires_in":60}']), 'abc');
  });

  const failing: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['does not exist', [`/nowhere/${SECRET}`], /cannot be run \(ENOENT\)/],
    ['fails', ['sh', '-c', `echo ${SECRET}; echo ${SECRET} >&2; exit 7`], /failed \(exit code 7\)/],
    ['is killed', ['sh', '-c', `echo ${SECRET}; kill -KILL $$`], /failed \(SIGKILL\)/],
    ['prints nothing', ['true'], /printed no token/],
    ['prints a message', ['echo', `the ${SECRET} is this`], /printed no token/],
    ['prints JSON that is cut short', ['echo', `{"access_token":"${SECRET}`], /printed no token/],
    ['prints JSON without a token', ['echo', `{"error":"${SECRET}"}`], /printed no token/],
  ];
  for (const [what, command, message] of failing) {
    test(`one that ${what} is named by how it ended, not by what it printed`, async () => {
      await assert.rejects(printedToken(command), (error) => {
        assert.ok(error instanceof GatewatchError);
        assert.equal(error.code, 'KAFKA_AUTHENTICATION_FAILED');
        assert.match(error.explain(), message);
        assert.ok(!error.explain().includes(SECRET));
        return true;
      });
    });
  }

  test('one that hangs is ended with all that it has started', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'gatewatch-token-'));
    t.after(() => rm(folder, { recursive: true }));
    const beats = join(folder, 'beats');
    // Neither minds being asked politely.
    const script = `trap '' TERM; (trap '' TERM; while :; do echo >> ${beats}; sleep 0.05; done) & wait`;
    const start = performance.now();
    await assert.rejects(printedToken(['sh', '-c', script], 500), /took longer than 0.5 seconds/);
    assert.ok(performance.now() - start < 5_000);
    await sleep(200);
    const { size } = await stat(beats);
    await sleep(300);
    assert.equal((await stat(beats)).size, size);
  });
});
