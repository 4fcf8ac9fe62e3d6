import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { errorBody, GatewatchError } from '../../errors.ts';
import type { ReceiveOptions } from './plugin.ts';

/** Answers a request that an input refused: a stable code, what and where, and when to come back if that may help. */
export function answerError(
  thrown: FastifyError | Error | unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  { limits, metrics }: Pick<ReceiveOptions, 'limits' | 'metrics'>,
): FastifyReply {
  const error = toGatewatchError(thrown, limits.body_bytes_max);
  if (error.code === 'INTERNAL') request.log.error({ err: thrown }, 'an input failed');
  metrics.count('receiveRefused', 1, { code: error.code });
  // Every error is retried by the API server; Retry-After makes client-go retry within each attempt too, so that
  // overload is ridden out instead of ending in a dropped batch.
  if (error.spec.retryable) reply.header('Retry-After', String(limits.retry_after_seconds));
  if (error.spec.status === 401) reply.header('WWW-Authenticate', 'Bearer realm="gatewatch"');
  return reply.code(error.spec.status ?? 400).send(errorBody(error));
}

function toGatewatchError(thrown: unknown, bodyBytesMax: number): GatewatchError {
  if (thrown instanceof GatewatchError) return thrown;
  const { code, statusCode, message } = thrown as Partial<FastifyError>;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new GatewatchError('BODY_TOO_LARGE', `More than ${bodyBytesMax} bytes.`, { where: 'body' });
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new GatewatchError('BODY_NOT_JSON', message ?? 'The request is malformed.', { where: 'body' });
  }
  return new GatewatchError('INTERNAL', 'The request could not be taken.', { cause: thrown });
}
