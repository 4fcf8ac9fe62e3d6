import { z } from 'zod';
import { clusterSchema } from './sections/clusters.ts';
import { elasticsearch } from './sections/elasticsearch.ts';
import { kafka } from './sections/kafka.ts';
import { console, http, https } from './sections/listeners.ts';
import { log } from './sections/log.ts';
import { logging } from './sections/logging.ts';
import { receive } from './sections/receive.ts';
import { correlate, detect, index } from './sections/stages.ts';
import { path } from './sections/types.ts';

/** What an entry of the log may need besides the bytes of an item, bytes. */
const ENTRY_OVERHEAD_BYTES = 65_536;

/** What a process does. The console reads the alert store. */
export const ROLES = ['receive', 'detect', 'correlate', 'index', 'console'] as const;
export type Role = (typeof ROLES)[number];

/**
 * Everything that can be configured. Types, JSON Schema, `docs/configuration.md` and the suggestions for mistyped
 * keys all come from here. Names carry their unit; what ends in `_max` is a limit whose reaching is counted.
 */
export const configSchema = z
  .strictObject({
    data_dir: path
      .default('.gatewatch')
      .describe(
        'Folder for all state: database, credentials, certificates. Created with access for its owner only.',
      ),
    roles: z
      .array(z.enum(ROLES))
      .min(1)
      .default([...ROLES])
      .describe(
        'What this process does; with the embedded log, all of it. On Kafka each role runs in as many processes as are wanted.',
      ),
    http: http.prefault({}),
    https: https.prefault({}),
    clusters: z
      .array(clusterSchema)
      .default([])
      .describe(
        'Clusters that may send, besides those that `gatewatch setup` added to data_dir/clusters.json.',
      )
      .check((context) => {
        const seen = new Set<string>();
        for (const [index, { name }] of context.value.entries()) {
          if (seen.has(name)) {
            const message = `cluster ${name} is listed twice: put all its credentials into one entry`;
            context.issues.push({ code: 'custom', path: [index, 'name'], input: name, message });
          }
          seen.add(name);
        }
      }),
    receive: receive.prefault({}),
    log: log.prefault({}),
    kafka: kafka.prefault({}),
    detect: detect.prefault({}),
    correlate: correlate.prefault({}),
    index: index.prefault({}),
    elasticsearch: elasticsearch.prefault({}),
    console: console.prefault({}),
    logging: logging.prefault({}),
  })
  .check((context) => {
    const { roles, kafka, elasticsearch, receive } = context.value;
    const fault = (path: string[], input: unknown, message: string) =>
      context.issues.push({ code: 'custom', path, input, message });
    const has = (role: Role) => roles.includes(role);
    const inElasticsearch = elasticsearch.nodes.length > 0 || elasticsearch.cloud_id !== undefined;
    if (kafka.brokers.length === 0) {
      const missing = ROLES.filter((role) => role !== 'console' && !has(role));
      if (missing.length > 0)
        fault(
          ['roles'],
          roles,
          `without kafka.brokers one process does all, and here ${missing.join(', ')} is missing`,
        );
    } else if (!inElasticsearch && has('index') !== has('console')) {
      fault(
        ['roles'],
        roles,
        'without elasticsearch.nodes the console reads what index writes in the same process: both or none',
      );
    }
    const needed = receive.item_bytes_max + ENTRY_OVERHEAD_BYTES;
    if (kafka.brokers.length > 0 && kafka.message_bytes_max < needed) {
      const message = `must be at least receive.item_bytes_max and ${ENTRY_OVERHEAD_BYTES} for headers (${needed}), or an item of that size could never be stored`;
      fault(['kafka', 'message_bytes_max'], kafka.message_bytes_max, message);
    }
  });

/** The whole configuration, defaults filled in. */
export type Config = z.output<typeof configSchema>;

/** The JSON Schema of a configuration file, for editors and for `gatewatch config schema`. */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(configSchema, { io: 'input' }), title: 'Gatewatch configuration' };
}
