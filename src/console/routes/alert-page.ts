import type { FastifyInstance } from 'fastify';
import type { ConsoleOptions } from '../options.ts';
import { alertView } from '../pages/alert.ts';
import { knownAlert } from './known-alert.ts';

/** `GET /alerts/:id`: one alert for people. */
export async function alertPage(fastify: FastifyInstance, { store }: ConsoleOptions): Promise<void> {
  fastify.get<{ Params: { id: string } }>('/alerts/:id', { schema: { hide: true } }, async (request, reply) =>
    reply.viewAsync('alert', alertView(await knownAlert(store, request.params.id))),
  );
}
