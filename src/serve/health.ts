import type { FastifyInstance } from 'fastify';
import { errorBody, type GatewatchError } from '../errors.ts';

/** What health is judged by. */
export interface HealthOptions {
  readonly draining: () => boolean;
  /** Why the stages stopped; undefined while they run. */
  readonly failure: () => GatewatchError | undefined;
}

/** `/healthz`: the process answers. `/readyz`: it takes events and its stages run. */
export async function healthRoutes(
  fastify: FastifyInstance,
  { draining, failure }: HealthOptions,
): Promise<void> {
  fastify.get('/healthz', async () => ({ status: 'alive' }));
  fastify.get('/readyz', async (_request, reply) => {
    const stopped = failure();
    if (stopped) return reply.code(503).send({ status: 'failed', ...errorBody(stopped) });
    if (draining()) return reply.code(503).send({ status: 'draining' });
    return { status: 'ready' };
  });
}
