import { fileURLToPath } from 'node:url';
import view from '@fastify/view';
import { Eta } from 'eta';
import type { FastifyInstance } from 'fastify';
import { assetHref } from './assets.ts';
import { alertHref, listHref } from './links.ts';
import type { ConsoleOptions } from './options.ts';
import { clip, Exact, escapeForPage, shownExactTime, shownTime } from './show.ts';

/** Renders `views/*.eta`; every value they print passes `escapeForPage`. */
export async function registerViews(fastify: FastifyInstance, { version }: ConsoleOptions): Promise<void> {
  await fastify.register(view, {
    engine: { eta: new Eta({ autoEscape: true, escapeFunction: escapeForPage }) },
    root: fileURLToPath(new URL('./views', import.meta.url)),
    includeViewExtension: true,
    production: true,
    defaultContext: {
      version,
      assetHref,
      alertHref,
      listHref,
      clip,
      shownTime,
      shownExactTime,
      exact: (text: string) => new Exact(text),
    },
  });
}
