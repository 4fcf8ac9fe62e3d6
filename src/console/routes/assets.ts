import type { FastifyInstance } from 'fastify';
import { GatewatchError } from '../../errors.ts';
import { ASSETS } from '../assets.ts';

/** `GET /assets/:name`: style, script and icon; no login, the login page needs them. */
export async function assets(fastify: FastifyInstance): Promise<void> {
  fastify.get<{ Params: { name: string } }>(
    '/assets/:name',
    { schema: { hide: true } },
    async (request, reply) => {
      const asset = ASSETS.get(request.params.name);
      if (asset === undefined) throw new GatewatchError('ROUTE_UNKNOWN', 'There is no such file.');
      reply.header('Cache-Control', 'public, max-age=31536000, immutable');
      return reply.type(asset.type).send(asset.body);
    },
  );
}
