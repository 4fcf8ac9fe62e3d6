import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** How long requests in hand may take to be answered once the listener closes, milliseconds. */
const DRAIN_MS_MAX = 10_000;

/** The last answer gets this long to leave, milliseconds. */
const LINGER_MS = 50;

/**
 * Makes `close` end in bounded time: it waits for requests in hand, but not for connections that ask for nothing, and for none that
 * does not end. (Node's own close waits for a connection that has sent nothing yet, and stops timing out those that send slowly.)
 */
export function drainInTime(fastify: FastifyInstance): void {
  const connections = new Set<Socket>();
  let inHand = 0;
  let closing = false;
  const cut = (): void => {
    for (const connection of connections) connection.destroy();
  };
  const cutIfIdle = (): void => {
    if (closing && inHand === 0) setTimeout(() => inHand === 0 && cut(), LINGER_MS);
  };
  fastify.server.on('connection', (connection: Socket) => {
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
  });
  fastify.server.on('request', (_request, response) => {
    inHand++;
    response.once('close', () => {
      inHand--;
      cutIfIdle();
    });
  });
  fastify.addHook('preClose', async () => {
    closing = true;
    setTimeout(cut, DRAIN_MS_MAX).unref();
    cutIfIdle();
  });
}
