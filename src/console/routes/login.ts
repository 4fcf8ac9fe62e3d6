import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { GatewatchError } from '../../errors.ts';
import { toGatewatchError } from '../errors.ts';
import type { ConsoleOptions } from '../options.ts';
import { requireSameOrigin } from '../origin.ts';
import { returnPath } from '../return-path.ts';
import type { Sessions } from '../session.ts';

const MINUTE_MS = 60_000;

const nextQuery = z.object({ next: z.string().optional().catch(undefined) });
const form = z.object({ token: z.string(), next: z.string().optional() });

/** `GET /login`, the form, and `POST /login`, token against session cookie. */
export async function login(
  fastify: FastifyInstance,
  { loginAttemptsPerMinuteMax, sessions }: ConsoleOptions & { readonly sessions: Sessions },
): Promise<void> {
  fastify.get('/login', { schema: { hide: true } }, async (request, reply) => {
    const next = returnPath(nextQuery.parse(request.query).next);
    if (sessions.isOpen(request)) return reply.redirect(next, 303);
    return reply.viewAsync('login', { next });
  });

  fastify.post(
    '/login',
    {
      schema: { hide: true },
      preHandler: requireSameOrigin,
      errorHandler: answerLoginError,
      config: {
        rateLimit: { max: loginAttemptsPerMinuteMax, timeWindow: MINUTE_MS, errorResponseBuilder: tooMany },
      },
    },
    async (request, reply) => {
      const { data } = form.safeParse(request.body);
      // People copy a token with the line's end.
      if (data === undefined || !sessions.isToken(data.token.trim())) {
        throw new GatewatchError('LOGIN_FAILED', 'This is not the login token.', { where: 'token' });
      }
      sessions.open(reply);
      return reply.redirect(returnPath(data.next), 303);
    },
  );
}

function tooMany(): GatewatchError {
  return new GatewatchError('LOGIN_TOO_MANY', 'Too many attempts to log in.');
}

/** The form again, with what was wrong. */
async function answerLoginError(
  thrown: Error,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const error = toGatewatchError(thrown);
  if (error.code === 'INTERNAL') request.log.error({ err: error.cause }, error.message);
  const { data } = form.safeParse(request.body);
  return reply.code(error.spec.status ?? 500).viewAsync('login', { next: returnPath(data?.next), error });
}
