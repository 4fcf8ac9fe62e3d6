import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface PosterOptions {
  readonly url: string;
  readonly token: string;
  readonly connections: number;
  readonly bodies: readonly Buffer[];
}

/** Posts bodies from a process of its own, so that what is measured is the server. */
export class Poster {
  readonly #client: ChildProcess;

  private constructor(client: ChildProcess) {
    this.#client = client;
  }

  static async start({ bodies, ...options }: PosterOptions): Promise<Poster> {
    const poster = new Poster(fork(join(import.meta.dirname, 'receive-client.ts')));
    await poster.#done({ ...options, bodies: bodies.map((body) => body.toString('base64')) });
    return poster;
  }

  /** Posts all bodies once. */
  post(): Promise<void> {
    return this.#done('go');
  }

  async end(): Promise<void> {
    this.#client.disconnect();
  }

  async #done(message: object | string): Promise<void> {
    this.#client.send(message);
    await once(this.#client, 'message');
  }
}
