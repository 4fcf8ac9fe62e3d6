import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the proxy treats requests: as they come, with 429 as an overloaded Elasticsearch does, or late. */
export type Mood = 'pass' | 'overloaded' | 'slow';

/** How late `slow` is, milliseconds. */
const SLOW_MS = 2_000;

/** Stands before an Elasticsearch and can make it look overloaded or slow. */
export class ElasticsearchProxy {
  mood: Mood = 'pass';
  /** Requests that were turned away. */
  refused = 0;
  readonly #server: Server;

  private constructor(target: string) {
    this.#server = createServer((incoming, outgoing) => {
      if (this.mood === 'overloaded') {
        this.refused++;
        incoming.resume();
        outgoing.writeHead(429, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' });
        outgoing.end(
          '{"error":{"type":"es_rejected_execution_exception","reason":"queue full"},"status":429}',
        );
        return;
      }
      const forward = (): void => {
        const { method = 'GET', headers, url = '/' } = incoming;
        const sent = request(new URL(url, target), { method, headers }, (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        });
        // As if the server's own connection had broken.
        sent.on('error', () => outgoing.destroy());
        outgoing.on('close', () => sent.destroy());
        incoming.pipe(sent);
      };
      if (this.mood === 'slow') setTimeout(forward, SLOW_MS);
      else forward();
    });
  }

  static async start(target: string): Promise<ElasticsearchProxy> {
    const proxy = new ElasticsearchProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
