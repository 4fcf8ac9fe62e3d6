import type { FastifyRequest } from 'fastify';
import { GatewatchError } from '../errors.ts';

/**
 * Refuses a form that another site made a browser send. Browsers say so in Sec-Fetch-Site, or, by plain http, in Origin; what
 * sends neither is no browser and carries no one's cookie.
 */
export async function requireSameOrigin(request: FastifyRequest): Promise<void> {
  const { origin, 'sec-fetch-site': site } = request.headers;
  const same =
    site === undefined ? origin === undefined || hostOf(origin) === request.host : site === 'same-origin';
  if (!same)
    throw new GatewatchError('LOGIN_FAILED', 'The form was sent from another site.', { where: 'Origin' });
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
