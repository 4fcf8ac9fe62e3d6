import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { errorBody, GatewatchError } from '../errors.ts';

const INTERNAL = 'The request could not be answered.';

/** What a handler threw, as an error with a stable code. The cause of a defect stays in the log. */
export function toGatewatchError(error: unknown): GatewatchError {
  if (error instanceof GatewatchError) return error;
  const { statusCode, message } = error as Partial<FastifyError>;
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new GatewatchError('QUERY_INVALID', message ?? 'The request is malformed.', { cause: error });
  }
  return new GatewatchError('INTERNAL', INTERNAL, { cause: error });
}

/** The API answers in JSON, everything else is looked at by a person. */
function isApi(request: FastifyRequest): boolean {
  return request.url.startsWith('/v1/') || request.url.startsWith('/openapi.json');
}

/** Answers with an error: JSON for the API, a page for people. */
export async function answerError(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const error = toGatewatchError(thrown);
  if (error.code === 'INTERNAL') request.log.error({ err: error.cause }, error.message);
  const status = error.spec.status ?? 500;
  reply.code(status);
  if (isApi(request)) {
    if (status === 401) reply.header('WWW-Authenticate', 'Bearer realm="gatewatch"');
    return reply.send(errorBody(error));
  }
  if (error.code === 'LOGIN_REQUIRED') {
    // A page, not a redirect: a browser that comes from another site's link withholds the (SameSite) cookie all along a
    // redirect, but sends it when our own page leads on; who is logged in then goes straight through.
    return reply.viewAsync('login-required', { next: request.url });
  }
  return reply.viewAsync('error', { status, error });
}

/** Answers a request that no route takes. */
export async function answerUnknownRoute(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  return answerError(
    new GatewatchError('ROUTE_UNKNOWN', 'There is nothing at this address.'),
    request,
    reply,
  );
}

/**
 * For Fastify's `frameworkErrors`, which only who creates the server can set: addresses that no plugin gets to see, because they
 * are too long or wrongly encoded.
 */
export function answerFrameworkError(_error: Error, _request: FastifyRequest, reply: FastifyReply): void {
  const error = new GatewatchError('ROUTE_UNKNOWN', 'There is nothing at this address.');
  reply
    .code(404)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(errorBody(error)));
}
