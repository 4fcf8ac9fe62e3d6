import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer, ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import { errorBody, GatewatchError } from '../errors.ts';

export interface ListenerOptions {
  readonly logger: Logger;
  readonly requestSecondsMax: number;
  /** Absent: plain HTTP. */
  readonly https?: ServerOptions;
}

/** Header bytes of one request; tokens and cookies need far less. */
const HEADER_BYTES_MAX = 16_384;

/** How long an idle connection is kept, milliseconds: longer than the API server's, so that it closes first. */
const KEEP_ALIVE_MS = 120_000;

/**
 * A Fastify instance that holds slow and malformed requests to limits before any route sees them. Normal operation writes no
 * log lines.
 */
export function listener({ logger, requestSecondsMax, https }: ListenerOptions): FastifyInstance {
  const options = {
    // That it listens is said by who starts it; requests are counted, not logged.
    loggerInstance: logger.child({}, { level: quieter(logger.level) }),
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: Math.ceil(requestSecondsMax * 1000),
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle' as const,
    clientErrorHandler: answerClientError,
    return503OnClosing: false,
    routerOptions: { maxParamLength: 256, ignoreTrailingSlash: true },
  };
  const fastify = (https
    ? Fastify({ ...options, https: { ...https, maxHeaderSize: HEADER_BYTES_MAX } })
    : Fastify({ ...options, http: { maxHeaderSize: HEADER_BYTES_MAX } })) as unknown as FastifyInstance;
  const server = fastify.server as HttpServer | HttpsServer;
  server.headersTimeout = Math.min(server.requestTimeout, 10_000);
  // Looked for this often; Node's default of 30 s would let a slow sender have twice its time.
  (server as unknown as { connectionsCheckingInterval: number }).connectionsCheckingInterval = 1000;
  return fastify;
}

function quieter(level: string): string {
  return level === 'info' ? 'warn' : level;
}

/** Answers what is not, or not in time, an HTTP request. */
function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const slow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const answer = slow
    ? new GatewatchError('BODY_TOO_SLOW', 'The request did not arrive whole in time.')
    : new GatewatchError('BODY_NOT_JSON', `Not an HTTP request: ${error.code ?? 'malformed'}.`);
  const body = JSON.stringify(errorBody(answer));
  const status = slow ? '408 Request Timeout' : '400 Bad Request';
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/**
 * Listens, and says where.
 * @throws ADDRESS_UNAVAILABLE
 */
export async function listen(
  fastify: FastifyInstance,
  host: string,
  port: number,
  key: string,
): Promise<number> {
  try {
    await fastify.listen({ host, port });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EADDRNOTAVAIL' && code !== 'EACCES' && code !== 'ENOTFOUND')
      throw cause;
    throw new GatewatchError('ADDRESS_UNAVAILABLE', `${host}:${port} cannot be listened on (${code}).`, {
      where: key,
      cause,
    });
  }
  return (fastify.server.address() as { port: number }).port;
}
