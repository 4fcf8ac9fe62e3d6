import type { FastifyInstance } from 'fastify';
import { ERROR_RESPONSES } from '../openapi.ts';
import type { ConsoleOptions } from '../options.ts';
import { listQuery, parseQuery } from '../query.ts';
import { alertPageSchema } from '../schemas.ts';

/** `GET /v1/alerts`: one page of alerts. */
export async function apiAlerts(fastify: FastifyInstance, { store }: ConsoleOptions): Promise<void> {
  const schema = {
    summary: 'One page of the alerts that match every filter.',
    querystring: listQuery,
    response: { 200: alertPageSchema, ...ERROR_RESPONSES },
  };
  fastify.get('/v1/alerts', { schema }, async (request) => store.find(parseQuery(listQuery, request.query)));
}
