import type { Action, Plan } from './server.ts';

const SIGNALS: Readonly<Record<Action, NodeJS.Signals>> = {
  stop: 'SIGTERM',
  kill: 'SIGKILL',
  pause: 'SIGSTOP',
  resume: 'SIGCONT',
};

/** A server that is a process of this machine. */
export const local: Pick<Plan, 'act'> = {
  act: (action, target) => {
    process.kill(target, SIGNALS[action]);
  },
};

/** What servers and their tools find in their environment; nothing else of the test's own. */
export const localEnvironment = { PATH: process.env.PATH };
