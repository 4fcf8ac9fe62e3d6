import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Client } from '@elastic/elasticsearch';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

export interface Answer {
  readonly status?: number;
  readonly body: unknown;
  /** What `x-elastic-product` says; `null` leaves it out. */
  readonly product?: string | null;
}

/** Plays what a real Elasticsearch cannot be brought to do; a request that gets no answer hangs. */
export class StandIn implements AsyncDisposable {
  readonly asked: Asked[] = [];
  readonly #server;

  private constructor(answer: (asked: Asked, count: number) => Answer | undefined) {
    this.#server = createServer(async (request, response) => {
      const asked = { method: request.method!, path: request.url!, body: await text(request) };
      this.asked.push(asked);
      const answered = answer(asked, this.asked.length);
      if (answered === undefined) return;
      const { status = 200, body, product = 'Elasticsearch' } = answered;
      if (product !== null) response.setHeader('x-elastic-product', product);
      response.setHeader('content-type', 'application/json').writeHead(status);
      response.end(JSON.stringify(body));
    });
  }

  /** @param answer says what is answered to the n-th request */
  static async start(answer: (asked: Asked, count: number) => Answer | undefined): Promise<StandIn> {
    const standIn = new StandIn(answer);
    standIn.#server.listen(0, '127.0.0.1');
    await once(standIn.#server, 'listening');
    return standIn;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  client(requestTimeout = 5000): Client {
    return new Client({ node: this.url, maxRetries: 0, requestTimeout });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
