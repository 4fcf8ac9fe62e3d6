import type { TLSSocket } from 'node:tls';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../config/schema.ts';
import type { AuthenticatedInput, Authenticator } from '../../credentials/authenticate.ts';
import { verifiedCertificateName } from '../../credentials/peer.ts';
import { GatewatchError } from '../../errors.ts';
import type { LogAppender } from '../../log/port.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { decompress } from '../body.ts';
import type { InFlight, Reservation } from '../in-flight.ts';
import { type Input, isInput } from '../store.ts';
import { admissionRoute } from './admission.ts';
import { auditRoute } from './audit.ts';
import { decisionRoutes } from './decisions.ts';
import { answerError } from './errors.ts';

/** What the HTTP inputs need; the same for every listener. */
export interface ReceiveOptions {
  readonly log: LogAppender;
  readonly authenticator: Authenticator;
  readonly limits: Config['receive'];
  readonly metrics: Metrics;
  readonly inFlight: InFlight;
  /** True once the process drains: senders are told to come back. */
  readonly draining: () => boolean;
  /** Wall clock, Unix milliseconds. */
  readonly now: () => number;
}

/** An input: a file that adds its routes. A new HTTP input is one more file and one more line here. */
const INPUTS = [auditRoute, admissionRoute, decisionRoutes];

declare module 'fastify' {
  interface FastifyRequest {
    /** The bytes held for this request's body. */
    reservation?: Reservation;
  }
}

/** The HTTP inputs. Bodies stay bytes: every input cuts them by itself. */
export async function receivePlugin(fastify: FastifyInstance, options: ReceiveOptions): Promise<void> {
  const { limits, metrics, draining } = options;
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: limits.body_bytes_max },
    (_request, body, done) => done(null, body),
  );
  fastify.addHook('onRequest', async () => {
    if (draining()) throw new GatewatchError('SHUTTING_DOWN', 'The process is draining.');
  });
  fastify.addHook('onResponse', async (request, reply) => {
    metrics.count('receiveRequests', 1, { input: inputOf(request), status: reply.statusCode });
  });
  fastify.setErrorHandler((error, request, reply) => answerError(error, request, reply, options));
  for (const input of INPUTS) input(fastify, options);
}

/** The input that a route belongs to, by its address: `/v1/audit/:cluster`. */
function inputOf(request: FastifyRequest): Input {
  const name = request.routeOptions.url?.split('/')[2];
  return name !== undefined && isInput(name) ? name : 'audit';
}

/** The request's body, decompressed; what it grows by is held too. */
export async function bodyOf(
  request: FastifyRequest,
  input: Input,
  { limits, metrics }: ReceiveOptions,
): Promise<Buffer> {
  const sent = (request.body as Buffer | null | undefined) ?? Buffer.alloc(0);
  const body = await decompress(sent, request.headers, limits.body_bytes_max, (bytes) =>
    request.reservation?.add(bytes),
  );
  metrics.count('receiveBytes', body.length, { input });
  return body;
}

/** Lets a request in: its credential speaks for the cluster in the path, and there is room for its body. */
export function admitted(
  input: AuthenticatedInput,
  { authenticator, inFlight, limits }: ReceiveOptions,
): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  return async (request, reply) => {
    const { cluster, token } = request.params as { cluster: string; token?: string };
    const authorization = request.headers.authorization;
    const bearer = authorization && /^Bearer +(\S{1,512})$/i.exec(authorization)?.[1];
    const certificateName = verifiedCertificateName(request.raw.socket as TLSSocket);
    authenticator.check({
      cluster,
      input,
      ...(bearer ? { bearer } : {}),
      ...(token === undefined ? {} : { pathToken: token }),
      ...(certificateName === undefined ? {} : { certificateName }),
    });
    // Only now: who is unknown holds no room. `close` comes however the request ends.
    const reservation = inFlight.open(`${input} ${cluster}`);
    reply.raw.once('close', () => reservation.release());
    request.reservation = reservation;
    // A body of unknown length may turn out to be as large as is allowed; a larger one is refused by its length.
    const length = Number(request.headers['content-length'] ?? limits.body_bytes_max);
    if (length <= limits.body_bytes_max) reservation.add(length);
  };
}
