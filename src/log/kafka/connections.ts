import { isIP, connect as openSocket, type Socket } from 'node:net';
import { connect as openTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';

const KEEP_ALIVE_MS = 60_000;

/** A colon in a broker's host, where the library would take it for the one before the port. */
const COLON = '%3A';

/** HOST:PORT as the library reads it: an IPv6 address without its brackets and colons. */
export function seedOf(broker: string): string {
  const [, address, port] = /^\[(.+)\]:(\d+)$/.exec(broker) ?? [];
  return address ? `${address.replaceAll(':', COLON)}:${port}` : broker;
}

/** The connections of one client. The library only ever ends them in good order, which takes until the last answer is there. */
export class Connections {
  readonly #open = new Map<Socket, Socket>();
  #cut = false;

  /** What the library opens its connections with. */
  readonly open: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    if (this.#cut) throw new Error('the client was closed');
    const address = host.replaceAll(COLON, ':');
    const raw = openSocket({ host: address, port });
    raw.setKeepAlive(true, KEEP_ALIVE_MS);
    const socket = ssl ? secured(raw, address, ssl) : raw;
    socket.once(ssl ? 'secureConnect' : 'connect', onConnect);
    this.#open.set(raw, socket);
    raw.once('close', () => this.#open.delete(raw));
    return socket;
  };

  /**
   * Breaks all of them, for good: what waits for an answer fails, and nothing more is sent. The other side is told by a reset, so that
   * it forgets what it has received and not yet read.
   */
  cut(): void {
    this.#cut = true;
    for (const [raw, socket] of this.#open) {
      // One that is being opened or closed cannot be reset: libuv would go round in circles.
      if (raw.connecting || socket.writableEnded) raw.destroy();
      else raw.resetAndDestroy();
      // The library hears of it by this alone.
      socket.emit('error', new Error('the client was closed'));
      socket.destroy();
    }
  }
}

function secured(raw: Socket, address: string, ssl: Parameters<ISocketFactory>[0]['ssl']): Socket {
  raw.on('error', () => {}); // told by the socket above it, too
  const name = isIP(address) ? {} : { servername: address };
  return openTls({ ...name, ...ssl, host: address, socket: raw });
}
