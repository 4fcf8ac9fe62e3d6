import { z } from 'zod';
import { bytes, clusterName, count, path, seconds, section } from './types.ts';

export const receive = section('Limits on what senders may send.', {
  body_bytes_max: bytes.default(33_554_432).describe('Largest request body, in bytes, once decompressed.'),
  batch_items_max: count.default(20_000).describe('Most items (events) in one batch.'),
  item_bytes_max: bytes
    .default(8_388_608)
    .describe('Largest single event or review, in bytes. A larger one goes to dead letters.'),
  json_depth_max: count
    .max(1_000)
    .default(200)
    .describe('Deepest nesting of one item, in levels. A deeper one goes to dead letters.'),
  in_flight_bytes_max: bytes
    .default(268_435_456)
    .describe('Most bytes of bodies held at one time; beyond it senders are told to retry.'),
  request_seconds_max: z
    .number()
    .positive()
    .max(3600)
    .default(30)
    .describe('Longest time in which a request must have arrived whole, in seconds.'),
  retry_after_seconds: seconds
    .max(3600)
    .default(5)
    .describe('What a refused sender is told to wait (Retry-After), in seconds.'),
  event_time_ahead_seconds_max: seconds
    .default(300)
    .describe(
      'How far an event may claim to lie in the future, in seconds; beyond it the claimed time is not believed.',
    ),
  files: z
    .array(
      z.strictObject({
        path: path.describe('Audit log file, one JSON event a line. It may be rotated.'),
        cluster: clusterName.describe('Name of the cluster that writes the file.'),
      }),
    )
    .default([])
    .describe('Audit log files to follow, besides what is sent.'),
}).check((context) => {
  const { body_bytes_max, in_flight_bytes_max } = context.value;
  if (in_flight_bytes_max >= body_bytes_max) return;
  context.issues.push({
    code: 'custom',
    path: ['in_flight_bytes_max'],
    input: in_flight_bytes_max,
    message: `must be at least receive.body_bytes_max (${body_bytes_max}), or a body of that size could never be accepted`,
  });
});
