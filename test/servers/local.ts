import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Action, How } from './server.ts';

const SIGNALS: Readonly<Record<Action, NodeJS.Signals>> = {
  stop: 'SIGTERM',
  kill: 'SIGKILL',
  pause: 'SIGSTOP',
  resume: 'SIGCONT',
};

/** A server that is a process of this machine. */
export const local: Pick<How, 'act'> = {
  act: async (action, target) => {
    process.kill(target, SIGNALS[action]);
    // On a busy machine a process goes on answering until one of its threads has taken the signal.
    if (action === 'pause') while (isRunning(Math.abs(target))) await delay(1);
  },
};

/** What servers and their tools find in their environment; nothing else of the test's own. */
export const localEnvironment = { PATH: process.env.PATH };

/** Whether a process has threads that are not stopped; only Linux can tell. */
function isRunning(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return false;
  return readdirSync(threads).some((id) => {
    try {
      return !/\) [Tt] /.test(readFileSync(`${threads}/${id}/stat`, 'utf8'));
    } catch {
      return true; // It has just ended: not stopped.
    }
  });
}
