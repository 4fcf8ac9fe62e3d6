import { DatabaseSync } from 'node:sqlite';
import Fastify, { type FastifyInstance } from 'fastify';
import { answerFrameworkError } from '../../../src/console/errors.ts';
import type { ConsoleOptions } from '../../../src/console/options.ts';
import { consolePlugin } from '../../../src/console/plugin.ts';
import { EmbeddedAlertStore } from '../../../src/index/embedded/store.ts';
import type { Alert } from '../../../src/record/alert.ts';

export const TOKEN = 'unit-test-token-Zm9vYmFy';
export const BEARER = { authorization: `Bearer ${TOKEN}` };

/** A console over a store in memory that holds these alerts. */
export async function consoleWith(
  alerts: readonly Alert[],
  options: Partial<ConsoleOptions> = {},
): Promise<FastifyInstance> {
  const store = new EmbeddedAlertStore(new DatabaseSync(':memory:'));
  await store.put(alerts);
  const fastify = Fastify({ frameworkErrors: answerFrameworkError });
  await fastify.register(consolePlugin, {
    store,
    token: TOKEN,
    sessionHours: 12,
    loginAttemptsPerMinuteMax: 10,
    secureCookie: false,
    version: '0.0.0-test',
    ...options,
  });
  await fastify.ready();
  return fastify;
}

/** Logs in by the form and gives the cookie to send. */
export async function sessionOf(fastify: FastifyInstance): Promise<{ cookie: string }> {
  const answer = await fastify.inject(loginForm({ token: TOKEN }));
  return { cookie: String(answer.headers['set-cookie']).split(';', 1)[0] ?? '' };
}

/** The login form as a browser sends it. */
export function loginForm(fields: Record<string, string>, headers: Record<string, string> = {}) {
  return {
    method: 'POST' as const,
    url: '/login',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(fields).toString(),
  };
}
