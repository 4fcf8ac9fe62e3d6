import type { FastifyInstance } from 'fastify';
import type { ConsoleOptions } from '../options.ts';
import { Choices } from '../pages/choices.ts';
import { listView } from '../pages/list.ts';
import { pageQuery, parseQuery } from '../query.ts';

/** `GET /alerts`, the list for people; `/` leads there. */
export async function alertsPage(fastify: FastifyInstance, { store, now }: ConsoleOptions): Promise<void> {
  const choices = new Choices(store);
  fastify.get('/', { schema: { hide: true } }, async (_request, reply) => reply.redirect('/alerts', 303));
  fastify.get('/alerts', { schema: { hide: true } }, async (request, reply) => {
    const query = parseQuery(pageQuery, request.query);
    return reply.viewAsync('list', await listView({ store, choices }, query, now?.() ?? Date.now()));
  });
}
