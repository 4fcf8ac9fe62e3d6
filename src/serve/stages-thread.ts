import { MessageChannel, Worker } from 'node:worker_threads';
import type { Config } from '../config/schema.ts';
import { GatewatchError } from '../errors.ts';
import { RemoteLog } from '../log/embedded/remote.ts';
import type { FromStages, StagesInit, ToStages } from './worker-messages.ts';

/** The log and the stages on a thread of their own, seen from the HTTP thread. */
export class StagesThread {
  readonly log: RemoteLog;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (values: object[]) => void>();
  readonly #ended: Promise<void>;
  #nextId = 0;
  #failure: GatewatchError | undefined;

  private constructor(worker: Worker, log: RemoteLog) {
    this.#worker = worker;
    this.log = log;
    this.#ended = new Promise((resolve) => worker.once('exit', () => resolve()));
  }

  /** @throws what `startStages` throws */
  static async start(
    config: Config,
    database: string,
    failed: (error: GatewatchError) => void,
  ): Promise<StagesThread> {
    const { port1, port2 } = new MessageChannel();
    const inSource = import.meta.url.endsWith('.ts');
    const init: StagesInit = { config, database, appends: port2 };
    const worker = new Worker(new URL(`./stages-worker.${inSource ? 'ts' : 'js'}`, import.meta.url), {
      workerData: init,
      transferList: [port2],
    });
    const thread = new StagesThread(worker, new RemoteLog(port1, config.receive.in_flight_bytes_max));
    await thread.#ready(failed);
    return thread;
  }

  /** Why the stages stopped; undefined while they run. */
  get failure(): GatewatchError | undefined {
    return this.#failure;
  }

  /** The thread's metrics, in prom-client's JSON form. */
  metrics(): Promise<object[]> {
    if (this.#failure) return Promise.resolve([]);
    return new Promise((resolve) => {
      const id = this.#nextId++;
      this.#waiting.set(id, resolve);
      this.#send({ type: 'metrics', id });
    });
  }

  /** Lets the stages finish the batch in hand, then ends the thread. */
  async close(): Promise<void> {
    this.#send({ type: 'close' });
    await this.#ended;
    this.log.close();
  }

  #ready(failed: (error: GatewatchError) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: GatewatchError): void => {
        this.#failure ??= error;
        for (const waiting of this.#waiting.values()) waiting([]);
        this.#waiting.clear();
        reject(error);
        failed(error);
      };
      this.#worker.on('message', (message: FromStages) => {
        if (message.type === 'ready') resolve();
        else if (message.type === 'failed') {
          const { code, message: what, where } = message;
          fail(new GatewatchError(code, what, where === undefined ? {} : { where }));
        } else {
          this.#waiting.get(message.id)?.(message.values);
          this.#waiting.delete(message.id);
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
