/**
 * `node keeper.ts PARENT`: runs commands for the test process that started it, and leaves nothing of them behind. When the channel to
 * that process closes, however it ended, everything that was run is killed and the keeper's folder (below PARENT) is deleted.
 */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Command, type FromKeeper, killGroup, REMOVE, type ToKeeper } from './kept.ts';

/** Longest wait for killed processes to be gone, milliseconds: a zombie that nobody reaps never is. */
const GONE_MS_MAX = 3000;

// What is downloaded must be readable for the account that Elasticsearch runs as.
process.umask(0o022);

const folder = mkdtempSync(join(process.argv[2]!, 'gatewatch-test-'));
/** Process groups, by the id of their first process. */
const groups = new Set<number>();
const undos: (readonly string[])[] = [];
let leaving = false;

process.on('message', ({ id, command }: ToKeeper) => run(id, command));
process.on('disconnect', leave);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, leave);
tell({ folder });

function run(id: number, command: Command): void {
  const [file, ...args] = command.argv;
  if (command.undo) undos.push(command.undo);
  const log = openSync(command.log, 'a');
  const child = spawn(file!, args, {
    // A process group of its own, so that a command is killed with all that it started.
    detached: true,
    stdio: ['ignore', log, log],
    env: command.env,
    cwd: folder,
    ...(command.account === undefined ? {} : { uid: command.account, gid: command.account }),
  });
  closeSync(log);
  child.on('error', (error) => tell({ id, error: error.message }));
  const group = child.pid;
  if (group === undefined) return;
  groups.add(group);
  tell({ id, pid: group });
  child.on('exit', async (code, signal) => {
    await end(group);
    tell({ id, code, signal });
  });
}

/** Kills what is left of a process group and waits until it is gone. */
async function end(group: number): Promise<void> {
  const giveUp = performance.now() + GONE_MS_MAX;
  while (killGroup(group) && performance.now() < giveUp) await delay(10);
  groups.delete(group);
}

async function leave(): Promise<void> {
  if (leaving) return;
  leaving = true;
  await Promise.all(Array.from(groups, end));
  for (const [file, ...args] of undos) spawnSync(file!, args, { stdio: 'ignore' });
  rmSync(folder, REMOVE);
  process.exit();
}

function tell(message: FromKeeper): void {
  // A test process that is gone needs no answer; `disconnect` follows.
  process.send!(message, () => {});
}
