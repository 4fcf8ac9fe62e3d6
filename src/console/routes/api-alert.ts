import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ERROR_RESPONSES } from '../openapi.ts';
import type { ConsoleOptions } from '../options.ts';
import { alertSchema } from '../schemas.ts';
import { knownAlert } from './known-alert.ts';

/** `GET /v1/alerts/:id`: one alert, withdrawn ones too. */
export async function apiAlert(fastify: FastifyInstance, { store }: ConsoleOptions): Promise<void> {
  const schema = {
    summary: 'One alert.',
    params: z.object({ id: z.string().describe('`event.id` of the alert.') }),
    response: { 200: alertSchema, ...ERROR_RESPONSES },
  };
  fastify.get<{ Params: { id: string } }>('/v1/alerts/:id', { schema }, async (request) =>
    knownAlert(store, request.params.id),
  );
}
