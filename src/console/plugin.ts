import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { GatewatchError } from '../errors.ts';
import { answerError, answerUnknownRoute } from './errors.ts';
import { registerOpenApi } from './openapi.ts';
import { type ConsoleOptions, TOKEN_CHARS_MIN } from './options.ts';
import { alertPage } from './routes/alert-page.ts';
import { alertsPage } from './routes/alerts-page.ts';
import { apiAlert } from './routes/api-alert.ts';
import { apiAlerts } from './routes/api-alerts.ts';
import { apiCounts } from './routes/api-counts.ts';
import { assets } from './routes/assets.ts';
import { login } from './routes/login.ts';
import { logout } from './routes/logout.ts';
import { Sessions, signingKey } from './session.ts';
import { registerViews } from './views.ts';

/** Nothing inline and nothing from elsewhere: markup that slipped through escaping would still not run. */
const CONTENT_SECURITY_POLICY = {
  useDefaults: false,
  directives: {
    'default-src': ["'none'"],
    'style-src': ["'self'"],
    'img-src': ["'self'", 'data:'],
    'script-src': ["'self'"],
    'connect-src': ["'self'"],
    'form-action': ["'self'"],
    'frame-ancestors': ["'none'"],
    'base-uri': ["'none'"],
  },
};

/**
 * The console: pages for people at `/`, the JSON API under `/v1/alerts`, its description at `/openapi.json`. Registered without a
 * prefix. It is encapsulated: headers, cookies and error answers are its own; only the answer to unknown routes is the whole
 * server's.
 */
export async function consolePlugin(fastify: FastifyInstance, options: ConsoleOptions): Promise<void> {
  if (options.token.length < TOKEN_CHARS_MIN) {
    throw new GatewatchError(
      'CONFIG_INVALID',
      `The login token is shorter than ${TOKEN_CHARS_MIN} characters.`,
    );
  }
  const sessions = new Sessions(options);

  await fastify.register(helmet, {
    contentSecurityPolicy: CONTENT_SECURITY_POLICY,
    // With `no-referrer` browsers send `Origin: null` with our own forms.
    referrerPolicy: { policy: 'same-origin' },
    frameguard: { action: 'deny' },
    hsts: options.secureCookie,
  });
  await fastify.register(cookie, { secret: signingKey(options) });
  await fastify.register(formbody, { bodyLimit: 16_384 });
  await fastify.register(rateLimit, { global: false });
  await registerViews(fastify, options);
  await registerOpenApi(fastify, options);

  fastify.setErrorHandler(answerError);
  fastify.setNotFoundHandler(answerUnknownRoute);
  fastify.addHook('onRequest', async (_request, reply) => {
    // Alerts name people and secrets of the house: no cache on the way keeps them.
    reply.header('Cache-Control', 'no-store');
  });

  await fastify.register(assets);
  await fastify.register(login, { ...options, sessions });
  await fastify.register(logout, { sessions });
  await fastify.register(async (api) => {
    api.addHook('onRequest', sessions.requireTokenOrSession);
    await api.register(apiAlerts, options);
    await api.register(apiAlert, options);
    await api.register(apiCounts, options);
  });
  await fastify.register(async (pages) => {
    pages.addHook('onRequest', sessions.requireSession);
    await pages.register(alertsPage, options);
    await pages.register(alertPage, options);
  });
}
