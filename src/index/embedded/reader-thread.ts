import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type ErrorCode, GatewatchError } from '../../errors.ts';
import type { AlertReader } from '../port.ts';

type Method = keyof AlertReader;

export interface ReaderRequest {
  readonly id: number;
  readonly method: Method;
  readonly args: readonly unknown[];
}

export interface ReaderReply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly where: string | undefined };
}

/** Questions waiting for an answer; more are refused, so that a slow search cannot pile up memory. */
const WAITING_MAX = 100;

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Reads the stored alerts on a thread of its own: a search over very many takes a second, and the thread that answers API servers must
 * not wait for it.
 */
export class ReaderThread implements AlertReader {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #ended: Error | undefined;

  /** @param path file of the embedded database, which exists */
  constructor(path: string) {
    const inSource = import.meta.url.endsWith('.ts');
    this.#worker = new Worker(new URL(`./reader-worker.${inSource ? 'ts' : 'js'}`, import.meta.url), {
      workerData: path,
    });
    this.#worker.on('message', (reply: ReaderReply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(new Error('the thread has ended')));
  }

  get: AlertReader['get'] = (...args) => this.#ask('get', args);
  find: AlertReader['find'] = (...args) => this.#ask('find', args);
  count: AlertReader['count'] = (...args) => this.#ask('count', args);

  async close(): Promise<void> {
    if (this.#ended) return;
    const exited = once(this.#worker, 'exit');
    this.#worker.postMessage('close');
    await exited;
  }

  #ask<Result>(method: Method, args: readonly unknown[]): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#ended) reject(unavailable(this.#ended));
      else if (this.#waiting.size >= WAITING_MAX)
        reject(new GatewatchError('OVERLOADED', 'Too many questions wait for the alert store.'));
      else {
        const request: ReaderRequest = { id: this.#nextId++, method, args };
        this.#waiting.set(request.id, { resolve, reject });
        this.#worker.postMessage(request);
      }
    });
  }

  #settle({ id, result, error }: ReaderReply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error)
      waiting?.reject(
        new GatewatchError(
          error.code,
          error.message,
          error.where === undefined ? {} : { where: error.where },
        ),
      );
    else waiting?.resolve(result as never);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(unavailable(error));
    this.#waiting.clear();
  }
}

function unavailable(cause: Error): GatewatchError {
  return new GatewatchError('LOG_UNAVAILABLE', `The alert store cannot be read: ${cause.message}.`, {
    cause,
  });
}
