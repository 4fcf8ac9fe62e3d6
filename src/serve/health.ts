import type { FastifyInstance } from 'fastify';
import { ERRORS } from '../errors.ts';
import type { Health, SentError } from './worker-messages.ts';

/** What health is judged by. */
export interface HealthOptions {
  readonly draining: () => boolean;
  /** How each role of the process is. */
  readonly roles: () => Promise<readonly Health[]>;
}

/** `/healthz`: the process answers. `/readyz`: every role of it does its work. */
export async function healthRoutes(
  fastify: FastifyInstance,
  { draining, roles }: HealthOptions,
): Promise<void> {
  fastify.get('/healthz', async () => ({ status: 'alive' }));
  fastify.get('/readyz', async (_request, reply) => {
    if (draining()) return reply.code(503).send({ status: 'draining' });
    const all = (await roles()).map(({ role, state, error, warning }) => ({
      role,
      state,
      ...(error ? { error: withRemedy(error) } : {}),
      ...(warning ? { warning: withRemedy(warning) } : {}),
    }));
    const status = all.every(({ state }) => state === 'ready') ? 'ready' : 'not ready';
    return reply.code(status === 'ready' ? 200 : 503).send({ status, roles: all });
  });
}

function withRemedy(error: SentError): SentError & { readonly remedy: string } {
  return { ...error, remedy: ERRORS[error.code].remedy };
}
