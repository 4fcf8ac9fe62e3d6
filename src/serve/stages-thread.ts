import { MessageChannel, Worker } from 'node:worker_threads';
import type { Config, Role } from '../config/schema.ts';
import { GatewatchError } from '../errors.ts';
import { RemoteLog } from '../log/remote.ts';
import type { FromStages, Health, RulesSummary, SentError, StagesInit, ToStages } from './worker-messages.ts';

/** How long the thread may take to say how it is, milliseconds; when it is silent for longer, that is what there is to say. */
const ANSWER_MS_MAX = 2_000;

export interface StagesThreadOptions {
  readonly database: string;
  /**
   * Told of what the start has to wait for; of what a role begins to wait for, and that it goes on; of changed rules, and why they are not in
   * force if they are not; and of what ended the stages.
   */
  readonly waiting: (error: GatewatchError) => void;
  readonly problem: (role: Role, error: GatewatchError | undefined) => void;
  readonly rules: (inForce: RulesSummary, problems: readonly GatewatchError[]) => void;
  readonly failed: (error: GatewatchError) => void;
}

/** The log and the stages on a thread of their own, seen from the HTTP thread. */
export class StagesThread {
  /** The log, if anything is received. */
  readonly log: RemoteLog | undefined;
  /**
   * Resolves when the stages run, or wait for a server that they need.
   * Rejects with what `startStages` throws and no waiting mends.
   */
  readonly started: Promise<void>;
  readonly #config: Config;
  readonly #worker: Worker;
  readonly #asked = new Map<number, (values: object[]) => void>();
  readonly #ended: Promise<void>;
  #nextId = 0;
  #waitsFor: GatewatchError | undefined;
  #failure: GatewatchError | undefined;

  private constructor(
    config: Config,
    worker: Worker,
    log: RemoteLog | undefined,
    options: StagesThreadOptions,
  ) {
    this.#config = config;
    this.#worker = worker;
    this.log = log;
    this.#ended = new Promise((resolve) => worker.once('exit', () => resolve()));
    this.started = this.#start(options);
    this.started.catch(() => {}); // of who waits for it
  }

  /** Begins to start the stages; appends are refused until their log is open. */
  static start(config: Config, options: StagesThreadOptions): StagesThread {
    const { port1, port2 } = new MessageChannel();
    const { database } = options;
    const hostsLog = config.roles.includes('receive');
    const inSource = import.meta.url.endsWith('.ts');
    const init: StagesInit = { config, database, appends: hostsLog ? port2 : undefined };
    const worker = new Worker(new URL(`./stages-worker.${inSource ? 'ts' : 'js'}`, import.meta.url), {
      workerData: init,
      transferList: hostsLog ? [port2] : [],
    });
    const log = hostsLog ? new RemoteLog(port1, config.receive.in_flight_bytes_max) : undefined;
    return new StagesThread(config, worker, log, options);
  }

  /** Why the stages stopped; undefined while they run. */
  get failure(): GatewatchError | undefined {
    return this.#failure;
  }

  /** The thread's metrics, in prom-client's JSON form. */
  async metrics(): Promise<object[]> {
    return (await this.#ask('metrics')) ?? [];
  }

  /** How each of the roles is, but for the console. */
  async health(): Promise<Health[]> {
    const roles = this.#config.roles.filter((role) => role !== 'console');
    const all = (state: Health['state'], error?: GatewatchError): Health[] =>
      roles.map((role) => ({ role, state, ...(error ? { error: errorOf(error) } : {}) }));
    if (this.#failure) return all('failed', this.#failure);
    if (this.#waitsFor) return all('waiting', this.#waitsFor);
    return ((await this.#ask('health')) as Health[] | undefined) ?? all('restoring');
  }

  /** Has the stages look now whether the files of rules have changed. */
  reloadRules(): void {
    this.#send({ type: 'reload-rules' });
  }

  /** Lets the stages finish the batch in hand, then ends the thread. */
  async close(): Promise<void> {
    this.#send({ type: 'close' });
    await this.#ended;
    this.log?.close();
  }

  #ask(what: 'metrics' | 'health'): Promise<object[] | undefined> {
    if (this.#failure) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const id = this.#nextId++;
      const late = setTimeout(() => this.#answer(id, undefined), ANSWER_MS_MAX).unref();
      this.#asked.set(id, (values) => {
        clearTimeout(late);
        resolve(values);
      });
      this.#send({ type: 'ask', id, what });
    });
  }

  #answer(id: number, values: object[] | undefined): void {
    this.#asked.get(id)?.(values as object[]);
    this.#asked.delete(id);
  }

  #start({ waiting, problem, rules, failed }: StagesThreadOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: GatewatchError): void => {
        this.#failure ??= error;
        for (const id of [...this.#asked.keys()]) this.#answer(id, undefined);
        reject(error);
        failed(error);
      };
      this.#worker.on('message', (message: FromStages) => {
        switch (message.type) {
          case 'ready':
            this.#waitsFor = undefined;
            return resolve();
          case 'waiting': {
            const error = received(message.error);
            if (this.#waitsFor?.code !== error.code) waiting(error);
            this.#waitsFor = error;
            return resolve();
          }
          case 'problem':
            return problem(message.role, message.error && received(message.error));
          case 'rules':
            return rules(message.inForce, message.problems.map(received));
          case 'failed':
            return fail(received(message.error));
          case 'answer':
            return this.#answer(message.id, message.values);
        }
      });
      this.#worker.on('error', (cause) =>
        fail(new GatewatchError('INTERNAL', `The stages failed: ${cause.stack}`, { cause })),
      );
    });
  }

  #send(message: ToStages): void {
    this.#worker.postMessage(message);
  }
}

function errorOf({ code, message, where }: GatewatchError): SentError {
  return { code, message, where };
}

function received({ code, message, where }: SentError): GatewatchError {
  return new GatewatchError(code, message, where === undefined ? {} : { where });
}
