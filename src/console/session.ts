import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { GatewatchError } from '../errors.ts';
import type { ConsoleOptions } from './options.ts';

const HOUR_MS = 3_600_000;
/** Sessions that were logged out before their end and are remembered as such. */
const ENDED_SESSIONS_MAX = 10_000;

/** The key that cookies are signed with: a new token ends the sessions that the old one opened. */
export function signingKey({ token }: ConsoleOptions): Buffer {
  return createHmac('sha256', token).update('gatewatch session').digest();
}

/** Logins: a signed cookie that carries its end, so that a session survives a restart and costs no memory. */
export class Sessions {
  readonly #tokenDigest: Buffer;
  readonly #sessionMs: number;
  readonly #cookieName: string;
  readonly #secure: boolean;
  readonly #now: () => number;
  readonly #ended: LRUCache<string, true>;

  constructor(options: ConsoleOptions) {
    this.#tokenDigest = digest(options.token);
    this.#sessionMs = options.sessionHours * HOUR_MS;
    this.#secure = options.secureCookie;
    // The prefix makes browsers refuse the cookie from any other host or over http.
    this.#cookieName = options.secureCookie ? '__Host-gatewatch' : 'gatewatch';
    this.#now = options.now ?? Date.now;
    this.#ended = new LRUCache({ max: ENDED_SESSIONS_MAX, ttl: Math.ceil(this.#sessionMs) });
  }

  /** Compares in a time that says nothing of the token, not even its length. */
  isToken(given: string): boolean {
    return timingSafeEqual(digest(given), this.#tokenDigest);
  }

  open(reply: FastifyReply): void {
    const session = `${this.#now() + this.#sessionMs}.${randomBytes(16).toString('base64url')}`;
    reply.setCookie(this.#cookieName, session, {
      ...this.#attributes(),
      signed: true,
      maxAge: Math.floor(this.#sessionMs / 1000),
    });
  }

  isOpen(request: FastifyRequest): boolean {
    const session = this.#session(request);
    if (session === undefined || this.#ended.has(session)) return false;
    return Number(session.split('.', 1)[0]) > this.#now();
  }

  close(request: FastifyRequest, reply: FastifyReply): void {
    const session = this.#session(request);
    if (session !== undefined) this.#ended.set(session, true);
    reply.clearCookie(this.#cookieName, this.#attributes());
  }

  /** For pages: a session. */
  requireSession = async (request: FastifyRequest): Promise<void> => {
    if (!this.isOpen(request)) throw new GatewatchError('LOGIN_REQUIRED', 'You are not logged in.');
  };

  /** For the API: the token as bearer, or a session. */
  requireTokenOrSession = async (request: FastifyRequest): Promise<void> => {
    const { authorization } = request.headers;
    if (authorization === undefined) return this.requireSession(request);
    const given = /^Bearer +([^ ]+) *$/i.exec(authorization)?.[1];
    if (given === undefined || !this.isToken(given)) {
      throw new GatewatchError('LOGIN_FAILED', 'The bearer token is wrong.', { where: 'Authorization' });
    }
  };

  #session(request: FastifyRequest): string | undefined {
    const cookie = request.cookies[this.#cookieName];
    return (cookie !== undefined && request.unsignCookie(cookie).value) || undefined;
  }

  #attributes() {
    return { path: '/', httpOnly: true, sameSite: 'strict', secure: this.#secure } as const;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
