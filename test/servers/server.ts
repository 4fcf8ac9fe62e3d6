import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { awake, type Command, type Keeper, lastOf, type Run } from './kept.ts';

/** Longest time for a server to be ready, milliseconds. */
const READY_MS_MAX = 5 * 60_000;

/** Something done to a server that runs. */
export type Action = 'stop' | 'kill' | 'pause' | 'resume';

/** How one server is run. */
export interface Plan {
  /** Name for messages. */
  readonly name: string;
  /** Runs the server until it ends. */
  readonly command: Omit<Command, 'log'>;
  /** @param target process, or negative for a process group, as `process.kill` takes it */
  act(action: Action, target: number): void | Promise<void>;
  /** @param group the command's process group */
  pid(group: number): number | Promise<number>;
  /** @param log all that the server has printed since it was started */
  isReady(log: string): boolean | Promise<boolean>;
}

/** A real server that a test starts, stops, kills and pauses. It does not outlive the test. */
export class Server {
  readonly #keeper: Keeper;
  readonly #folder: string;
  readonly #plan: Plan;
  #run: Run | undefined;
  #pid: number | undefined;
  #paused = false;
  #starts = 0;

  constructor(keeper: Keeper, folder: string, plan: Plan) {
    this.#keeper = keeper;
    this.#folder = folder;
    this.#plan = plan;
  }

  /** Process id of the server, which is not always the one that was started. */
  get pid(): number {
    if (this.#pid === undefined) throw new Error(`${this.#plan.name} is not running.`);
    return this.#pid;
  }

  /** Starts the server, again on its data and its address, and resolves when it answers. */
  async start(): Promise<void> {
    if (this.#run) throw new Error(`${this.#plan.name} is running already.`);
    const log = join(this.#folder, `start-${++this.#starts}.log`);
    const run = await this.#keeper.run({ ...this.#plan.command, log });
    this.#run = run;
    run.ended.then(() => {
      this.#run = undefined;
      this.#pid = undefined;
      this.#paused = false;
    });
    const giveUp = performance.now() + READY_MS_MAX;
    while (!(await this.#plan.isReady(readFileSync(log, 'utf8')))) {
      if (!this.#run || performance.now() > giveUp)
        throw new Error(`${this.#plan.name} does not start: ${lastOf(log)}`);
      await delay(50);
    }
    this.#pid = await this.#plan.pid(run.pid);
  }

  /** Lets the server end in good order. */
  async stop(): Promise<void> {
    await this.resume();
    await this.#end('stop');
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#end('kill');
  }

  /** SIGSTOP: connections stay open and nothing is answered. */
  async pause(): Promise<void> {
    await this.#act('pause');
    this.#paused = true;
  }

  /** SIGCONT. */
  async resume(): Promise<void> {
    if (this.#paused) await this.#act('resume');
    this.#paused = false;
  }

  /** Ends the server and deletes its data. */
  async remove(): Promise<void> {
    await this.#keeper.close();
  }

  async #end(action: 'stop' | 'kill'): Promise<void> {
    const run = this.#run;
    await this.#act(action);
    if (run) await awake(run.ended);
  }

  async #act(action: Action): Promise<void> {
    if (!this.#run) return;
    // The server alone, if it is known: its launcher sees it end, and no orphan waits for being reaped.
    await this.#plan.act(action, this.#pid ?? -this.#run.pid);
  }
}
