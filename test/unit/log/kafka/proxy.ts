import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * `pass`: as if it were not there. `forget`: what is produced arrives and is stored, but instead of the answer the connection ends, as
 * when a broker dies in between.
 */
export type Mood = 'pass' | 'forget';

/** A request begins with its length (4 bytes) and what it asks for (2). */
const LENGTH_BYTES = 4;
const PRODUCE = 0;

/** Stands before a broker. */
export class BrokerProxy {
  mood: Mood = 'pass';
  /** Requests to store something. */
  produced = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: () => number) {
    this.#server = createServer((client) => this.#serve(client, target()));
  }

  /** @param target the broker's port, once it is known */
  static async start(target: () => number): Promise<BrokerProxy> {
    const proxy = new BrokerProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(client: Socket, target: number): void {
    const broker = connect(target, '127.0.0.1');
    let forgotten = false;
    let pending = Buffer.alloc(0);
    for (const [one, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => other.resetAndDestroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.end();
      });
    }
    client.on('data', (data: Buffer) => {
      broker.write(data);
      pending = Buffer.concat([pending, data]);
      while (pending.length >= LENGTH_BYTES + 2 && pending.length >= LENGTH_BYTES + pending.readInt32BE()) {
        if (pending.readInt16BE(LENGTH_BYTES) === PRODUCE) {
          this.produced++;
          forgotten ||= this.mood === 'forget';
        }
        pending = pending.subarray(LENGTH_BYTES + pending.readInt32BE());
      }
    });
    broker.on('data', (data: Buffer) => {
      if (forgotten) client.destroy();
      else client.write(data);
    });
  }
}
