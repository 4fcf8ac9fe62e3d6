import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What a keeper is asked to run. */
export interface Command {
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** File that standard output and error are appended to. */
  readonly log: string;
  /** User and group to run as; the test's own if not given. */
  readonly account?: number;
  /** Command that removes what this one leaves outside of its process group and folder. */
  readonly undo?: readonly string[];
}

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A command that runs: its first process is also its process group. */
export interface Run {
  readonly pid: number;
  /** Resolves when the whole process group is gone. */
  readonly ended: Promise<Ended>;
}

export type ToKeeper = { readonly id: number; readonly command: Command };
export type FromKeeper =
  | { readonly folder: string }
  | { readonly id: number; readonly pid: number }
  | { readonly id: number; readonly error: string }
  | ({ readonly id: number } & Ended);

interface Waiting {
  pid?: number;
  readonly started: PromiseWithResolvers<number>;
  readonly ended: PromiseWithResolvers<Ended>;
}

/**
 * Runs commands and owns a folder for them. Neither outlives this process, even if it is killed. An open keeper does not keep this
 * process running: who waits for one uses `awake`.
 */
export class Keeper {
  readonly #child: ChildProcess;
  readonly #runs = new Map<number, Waiting>();
  readonly #opened = Promise.withResolvers<string>();
  #folder: string | undefined;
  #count = 0;
  #closing = false;

  private constructor(parent: string) {
    // Its own process group: Ctrl-C is for the tests, and their end is what the keeper waits for.
    this.#child = spawn(process.execPath, [fileURLToPath(import.meta.resolve('./keeper.ts')), parent], {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child.on('message', (message: FromKeeper) => this.#hear(message));
    this.#child.on('exit', () => this.#gone());
    this.#child.unref();
    this.#child.channel!.unref();
  }

  /** @param parent where the keeper's folder is made */
  static async open(parent: string): Promise<{ keeper: Keeper; folder: string }> {
    const keeper = new Keeper(parent);
    return { keeper, folder: await awake(keeper.#opened.promise) };
  }

  async run(command: Command): Promise<Run> {
    const id = ++this.#count;
    const waiting: Waiting = {
      started: Promise.withResolvers<number>(),
      ended: Promise.withResolvers<Ended>(),
    };
    this.#runs.set(id, waiting);
    this.#child.send({ id, command } satisfies ToKeeper, (error) => {
      if (error) waiting.started.reject(error);
    });
    return { pid: await awake(waiting.started.promise), ended: waiting.ended.promise };
  }

  /** Runs a command to its end and throws what it printed if it fails. */
  async complete(command: Command): Promise<void> {
    const { ended } = await this.run(command);
    const { code } = await awake(ended);
    if (code !== 0) throw new Error(`${command.argv[0]} failed: ${lastOf(command.log)}`);
  }

  /** Kills what runs and deletes the folder. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#closing = true;
    const exit = once(this.#child, 'exit');
    if (this.#child.connected) this.#child.disconnect();
    await awake(exit);
  }

  #hear(message: FromKeeper): void {
    if ('folder' in message) {
      this.#folder = message.folder;
      this.#opened.resolve(message.folder);
      return;
    }
    const run = this.#runs.get(message.id)!;
    if ('pid' in message) {
      run.pid = message.pid;
      run.started.resolve(message.pid);
      return;
    }
    this.#runs.delete(message.id);
    if ('error' in message) run.started.reject(new Error(message.error));
    else run.ended.resolve({ code: message.code, signal: message.signal });
  }

  #gone(): void {
    const error = new Error('The keeper of a test server has ended.');
    this.#opened.reject(error);
    for (const { pid, started, ended } of this.#runs.values()) {
      // A keeper that was killed has left its work to be done here.
      if (pid !== undefined && !this.#closing) killGroup(pid);
      started.reject(error);
      ended.resolve({ code: null, signal: 'SIGKILL' });
    }
    if (this.#folder) rmSync(this.#folder, REMOVE);
  }
}

/** Sends SIGKILL to a process group; false if there is none any more. */
export function killGroup(group: number): boolean {
  try {
    return process.kill(-group, 'SIGKILL');
  } catch {
    return false;
  }
}

/** Removes a folder even while a process that was just killed may still write to it. */
export const REMOVE = { recursive: true, force: true, maxRetries: 20, retryDelay: 100 } as const;

/** The last of what was printed, for an error's message. */
export function lastOf(log: string): string {
  return readFileSync(log, 'utf8').slice(-LAST_LENGTH);
}

const LAST_LENGTH = 4000;

/** Waits for something that does not by itself keep this process running. */
export async function awake<T>(promise: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, 60_000);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}
