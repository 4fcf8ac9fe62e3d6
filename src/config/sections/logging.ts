import { z } from 'zod';
import { section } from './types.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export const logging = section("Gatewatch's own log lines, JSON on standard output.", {
  level: z.enum(LOG_LEVELS).default('info').describe('Least severe level that is written.'),
});
