import type { FastifyInstance } from 'fastify';
import { ERROR_RESPONSES } from '../openapi.ts';
import type { ConsoleOptions } from '../options.ts';
import { countsQuery, parseQuery } from '../query.ts';
import { countsSchema } from '../schemas.ts';

/** `GET /v1/alerts/counts`: how many alerts match, by the values of one field. */
export async function apiCounts(fastify: FastifyInstance, { store }: ConsoleOptions): Promise<void> {
  const schema = {
    summary: 'How many alerts match, in all and by the values of one field.',
    querystring: countsQuery,
    response: { 200: countsSchema, ...ERROR_RESPONSES },
  };
  fastify.get('/v1/alerts/counts', { schema }, async (request) => {
    const { by, ...filter } = parseQuery(countsQuery, request.query);
    const { total, values } = await store.count(filter, by);
    return { total, ...(by !== undefined && { by }), values };
  });
}
