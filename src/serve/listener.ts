import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer, ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import { answerFrameworkError } from '../console/errors.ts';
import { errorBody, GatewatchError } from '../errors.ts';
import { drainInTime } from './drain.ts';

export interface ListenerOptions {
  readonly logger: Logger;
  readonly requestSecondsMax: number;
  readonly retryAfterSeconds: number;
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
export function listener({
  logger,
  requestSecondsMax,
  retryAfterSeconds,
  https,
}: ListenerOptions): FastifyInstance {
  const options = {
    // That it listens is said by who starts it; requests are counted, not logged.
    loggerInstance: logger.child({}, { level: quieter(logger.level) }),
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: Math.ceil(requestSecondsMax * 1000),
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle' as const,
    clientErrorHandler: (error: Error & { code?: string }, socket: Socket) =>
      answerClientError(error, socket, retryAfterSeconds),
    frameworkErrors: answerFrameworkError,
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
  drainInTime(fastify);
  // The inputs and the console have their own; this is for what stands beside them.
  fastify.setErrorHandler((error, request, reply) => {
    request.log.error({ err: error }, 'a request failed');
    return reply
      .code(500)
      .send(errorBody(new GatewatchError('INTERNAL', 'The request could not be answered.')));
  });
  return fastify;
}

function quieter(level: string): string {
  return level === 'info' ? 'warn' : level;
}

const STATUS = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
} as const;

/** Answers what is not, or not in time, an HTTP request. */
function answerClientError(
  error: Error & { code?: string },
  socket: Socket,
  retryAfterSeconds: number,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const slow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const answer = slow
    ? new GatewatchError('BODY_TOO_SLOW', 'The request did not arrive whole in time.')
    : new GatewatchError('BODY_NOT_JSON', `Not an HTTP request: ${error.code ?? 'malformed'}.`);
  const body = JSON.stringify(errorBody(answer));
  const status = slow ? 408 : error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const head = [
    `HTTP/1.1 ${status} ${STATUS[status]}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(slow ? [`Retry-After: ${retryAfterSeconds}`] : []),
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** What the system says of an address that cannot be listened on. */
const UNAVAILABLE: ReadonlySet<string | undefined> = new Set([
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
  'EACCES',
  'EAI_AGAIN',
  'EINVAL',
  'ENOTFOUND',
]);

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
    if (!UNAVAILABLE.has(code)) throw cause;
    throw new GatewatchError('ADDRESS_UNAVAILABLE', `${host}:${port} cannot be listened on (${code}).`, {
      where: key,
      cause,
    });
  }
  return (fastify.server.address() as { port: number }).port;
}
