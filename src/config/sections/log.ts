import { z } from 'zod';
import { bytes, section } from './types.ts';

export const log = section('The log: everything received, kept for replay.', {
  retention_hours: z
    .number()
    .positive()
    .default(168)
    .describe('How long entries are kept, in hours. On Kafka: what topics are created with.'),
  bytes_max: bytes
    .default(10_737_418_240)
    .describe(
      'Largest size of the embedded log on disk, in bytes. The oldest entries that every stage is done with are deleted first; if none are left, senders are told to retry.',
    ),
});
