import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { awake, type Command, Keeper, lastOf, type Run } from './kept.ts';
import { freePort } from './ports.ts';

/** Longest time for a server to be ready, milliseconds. */
const READY_MS_MAX = 5 * 60_000;

/** Something done to a server that runs. */
export type Action = 'stop' | 'kill' | 'pause' | 'resume';

/** How one server is run. */
export interface Plan {
  /** Name and version, for messages. */
  readonly name: string;
  /** Where clients find it. */
  readonly address: string;
  /** Runs the server until it ends. */
  readonly command: Omit<Command, 'log'>;
  /** @param target process, or negative for a process group, as `process.kill` takes it */
  act(action: Action, target: number): void | Promise<void>;
  /** @param group the command's process group */
  pid(group: number): number | Promise<number>;
  /** @param log all that the server has printed since it was started */
  isReady(log: string): boolean | Promise<boolean>;
}

/** What differs between a process and a container. */
export type How = Pick<Plan, 'command' | 'act' | 'pid'>;

/** What a server has for itself. */
export interface Home {
  readonly keeper: Keeper;
  readonly folder: string;
  /** For its clients. */
  readonly port: number;
}

/** A real server that a test starts, stops, kills and pauses. It does not outlive the test. */
export class Server {
  readonly #keeper: Keeper;
  readonly #folder: string;
  readonly #plan: Plan;
  /** Where clients find it. */
  readonly address: string;
  /** With its version. */
  readonly name: string;
  #run: Run | undefined;
  #pid: number | undefined;
  #paused = false;
  #starts = 0;

  constructor({ keeper, folder }: Home, plan: Plan) {
    this.#keeper = keeper;
    this.#folder = folder;
    this.#plan = plan;
    this.address = plan.address;
    this.name = plan.name;
  }

  /** Process id of the server, which is not always the one that was started. */
  get pid(): number {
    if (this.#pid === undefined) throw new Error(`${this.name} is not running.`);
    return this.#pid;
  }

  /** Starts the server, again on its data and its address, and resolves when it answers. */
  async start(): Promise<void> {
    if (this.#run) throw new Error(`${this.name} is running already.`);
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
        throw new Error(`${this.name} does not start: ${lastOf(log)}`);
      await delay(100);
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
    this.#paused = this.#run !== undefined;
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

/** Starts a server with a keeper of its own. */
export async function launch<S extends Server>(make: (home: Home) => Promise<S>): Promise<S> {
  const started = performance.now();
  const { keeper, folder } = await Keeper.open(tmpdir());
  try {
    const server = await make({ keeper, folder, port: await freePort() });
    await server.start();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${server.name} is up at ${server.address} after ${seconds} s.`);
    return server;
  } catch (error) {
    await keeper.close();
    throw error;
  }
}
