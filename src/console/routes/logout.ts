import type { FastifyInstance } from 'fastify';
import { requireSameOrigin } from '../origin.ts';
import type { Sessions } from '../session.ts';

/** `POST /logout` ends the session, in the browser and here. */
export async function logout(
  fastify: FastifyInstance,
  { sessions }: { readonly sessions: Sessions },
): Promise<void> {
  fastify.post(
    '/logout',
    { schema: { hide: true }, preHandler: requireSameOrigin },
    async (request, reply) => {
      sessions.close(request, reply);
      return reply.redirect('/login', 303);
    },
  );
}
