import assert from 'node:assert/strict';
import { appendFile, copyFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { GatewatchError } from '../../../../src/errors.ts';
import type { LogEntry, Topic } from '../../../../src/log/port.ts';
import { follow } from '../../../../src/receive/files/follow.ts';
import { Metrics } from '../../../../src/telemetry/metrics.ts';
import { event, LIMITS } from '../support.ts';

const POLL_MS = 5;
/** Only a hang takes as long, milliseconds. */
const WAIT_MS_MAX = 10_000;

/** A folder with an audit log, and followers that come and go. */
class Followed {
  readonly folder: string;
  readonly path: string;
  /** Audit ids in the order in which they came to the log, over all followers. */
  readonly taken: string[] = [];
  readonly dead: string[] = [];
  readonly errors: unknown[] = [];
  /** Thrown by the log instead of storing. */
  refusal: Error | undefined;
  #stop: (() => Promise<void>) | undefined;

  constructor(folder: string) {
    this.folder = folder;
    this.path = join(folder, 'audit.log');
  }

  static async in(t: TestContext): Promise<Followed> {
    const folder = await mkdtemp(join(tmpdir(), 'gatewatch-follow-'));
    const followed = new Followed(folder);
    t.after(async () => {
      await followed.stop();
      await rm(folder, { recursive: true });
    });
    return followed;
  }

  start(): void {
    const controller = new AbortController();
    const running = follow({
      path: this.path,
      cluster: 'prod',
      dataDir: join(this.folder, 'data'),
      log: { append: async (topic, entries) => this.#append(topic, entries) },
      limits: LIMITS,
      metrics: new Metrics(),
      now: () => 0,
      signal: controller.signal,
      failed: (error) => this.errors.push(error),
      pollMs: POLL_MS,
    });
    this.#stop = async () => {
      controller.abort();
      await running;
    };
  }

  async stop(): Promise<void> {
    await this.#stop?.();
    this.#stop = undefined;
  }

  /** Waits until these have been taken, in any order, some perhaps twice, and nothing else. */
  async has(...ids: readonly string[]): Promise<void> {
    const expected = [...ids].sort();
    const end = performance.now() + WAIT_MS_MAX;
    for (;;) {
      const found = [...new Set(this.taken)].sort();
      if (found.join() === expected.join()) return;
      if (performance.now() > end) assert.deepEqual([found, this.errors], [expected, []]);
      await looks(1);
    }
  }

  #append(topic: Topic, entries: readonly LogEntry[]): void {
    if (this.refusal) throw this.refusal;
    for (const { value } of entries) {
      if (topic === 'records') this.taken.push(JSON.parse(value.toString()).auditID);
      else this.dead.push(value.toString());
    }
  }
}

/** Time for so many looks at the file. */
function looks(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * POLL_MS * 2));
}

function lines(...ids: readonly string[]): string {
  return ids.map((auditID) => `${event({ auditID })}\n`).join('');
}

test('lines are taken as they are appended, whole ones only', async (t) => {
  const followed = await Followed.in(t);
  await writeFile(followed.path, lines('1', '2'));
  followed.start();
  await followed.has('1', '2');
  const line = lines('3');
  await appendFile(followed.path, line.slice(0, 20));
  await looks(5);
  await appendFile(followed.path, line.slice(20));
  await followed.has('1', '2', '3');
  assert.deepEqual(followed.taken, ['1', '2', '3']);
  assert.deepEqual([followed.dead, followed.errors], [[], []]);
});

test('a file that appears later, with CRLF, empty and bad lines', async (t) => {
  const followed = await Followed.in(t);
  followed.start();
  await looks(3);
  await writeFile(followed.path, `${lines('1')}\r\n\nnonsense\r\n${lines('2').replace('\n', '\r\n')}`);
  await followed.has('1', '2');
  assert.deepEqual(followed.dead, ['nonsense']);
});

test('rotation by rename, with lines written to the old file after it, the last without an end', async (t) => {
  const followed = await Followed.in(t);
  await writeFile(followed.path, lines('1'));
  followed.start();
  await followed.has('1');
  const old = join(followed.folder, 'audit.log.1');
  await rename(followed.path, old);
  await appendFile(old, lines('2'));
  await followed.has('1', '2');
  await writeFile(followed.path, lines('3'));
  await followed.has('1', '2', '3');
  await appendFile(old, lines('4').trimEnd());
  await appendFile(followed.path, lines('5'));
  await followed.has('1', '2', '3', '4', '5');
});

test('rotation twice in a row', async (t) => {
  const followed = await Followed.in(t);
  await writeFile(followed.path, lines('1'));
  followed.start();
  await followed.has('1');
  for (const [index, id] of ['2', '3'].entries()) {
    await appendFile(followed.path, lines(`${id}-late`));
    await rename(followed.path, join(followed.folder, `audit-${index}.log`));
    await writeFile(followed.path, lines(id));
    await looks(2);
  }
  await followed.has('1', '2-late', '2', '3-late', '3');
});

test('truncation in place, also when the file has grown beyond its old length by the next look', async (t) => {
  const followed = await Followed.in(t);
  await writeFile(followed.path, lines('1', '2', '3'));
  followed.start();
  await followed.has('1', '2', '3');
  await truncate(followed.path, 0);
  await appendFile(followed.path, lines('4'));
  await followed.has('1', '2', '3', '4');
  await copyFile(followed.path, join(followed.folder, 'copy'));
  await writeFile(followed.path, lines('5', '6', '7', '8')); // truncates and writes more than there was
  await followed.has('1', '2', '3', '4', '5', '6', '7', '8');
});

test('a restart goes on where it stopped, and finds what was rotated meanwhile', async (t) => {
  const followed = await Followed.in(t);
  await writeFile(followed.path, lines('1', '2'));
  followed.start();
  await followed.has('1', '2');
  await followed.stop();
  await appendFile(followed.path, lines('3'));
  followed.start();
  await followed.has('1', '2', '3');
  assert.deepEqual(followed.taken, ['1', '2', '3'], 'nothing is taken twice after an orderly stop');
  await followed.stop();

  await appendFile(followed.path, lines('4'));
  await rename(followed.path, join(followed.folder, 'audit-2026-11-22T13-00-00.000.log'));
  await looks(2); // files are told apart by their age
  await writeFile(followed.path, lines('5'));
  await rename(followed.path, join(followed.folder, 'audit-2026-11-22T14-00-00.000.log'));
  await writeFile(join(followed.folder, 'audit-policy.yaml'), 'rules: []\n');
  await writeFile(followed.path, lines('6'));
  followed.start();
  await followed.has('1', '2', '3', '4', '5', '6');
  assert.deepEqual(followed.dead, []);
});

test('a new file that got the inode of the old is read from its start', async (t) => {
  const followed = await Followed.in(t);
  await writeFile(followed.path, lines('1', '2'));
  followed.start();
  await followed.has('1', '2');
  await followed.stop();
  await writeFile(followed.path, lines('3', '4', '5')); // the same inode, another content
  followed.start();
  await followed.has('1', '2', '3', '4', '5');
});

test('what the log refuses is taken again, and nothing is lost', async (t) => {
  const followed = await Followed.in(t);
  followed.refusal = new GatewatchError('LOG_FULL', 'Full.');
  await writeFile(followed.path, lines('1', '2'));
  followed.start();
  await looks(4);
  assert.deepEqual(followed.taken, []);
  assert.ok(followed.errors.length > 0);
  followed.refusal = undefined;
  await followed.has('1', '2');
});

test('a line longer than a body may be is refused, and the next ones taken', async (t) => {
  const followed = await Followed.in(t);
  const long = event({ userAgent: 'x'.repeat(9_000_000) });
  await writeFile(followed.path, `${lines('1')}${long}\n${lines('2')}`);
  followed.start();
  await followed.has('1', '2');
  assert.equal(followed.dead.length, 1);
  assert.ok(followed.dead[0]!.length <= LIMITS.item_bytes_max);
});

test('very many short lines come in batches', async (t) => {
  const followed = await Followed.in(t);
  await writeFile(followed.path, `${'7\n'.repeat(50_000)}${lines('1')}`);
  followed.start();
  await followed.has('1');
  assert.equal(followed.dead.length, 50_000);
});
