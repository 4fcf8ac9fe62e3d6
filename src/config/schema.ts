import { z } from 'zod';
import { isLoopback } from './loopback.ts';

/** The largest delay a timer of Node can hold, and far longer than any setting needs. */
const SECONDS_MAX = 2_147_483;

const port = z.int().min(0).max(65_535);
const path = z.string().min(1);
const bytes = z.int().min(1);
const count = z.int().min(1);
const seconds = z.int().min(0).max(SECONDS_MAX);

/** A section whose keys all have defaults may itself be left out. */
function section<Shape extends z.core.$ZodLooseShape>(meaning: string, shape: Shape) {
  return z.strictObject(shape).describe(meaning);
}

const clusterName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, {
    error: 'must be 1 to 63 lower-case letters, digits and "-", with a letter or digit at both ends',
  })
  .describe('Name of the cluster in paths, alerts and metrics; a DNS label of at most 63 characters.');

const digest = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/, { error: 'must be a SHA-256 in hex, 64 digits' })
  .toLowerCase();

/** One sending cluster and the credentials that speak for it. `clusters.json` holds a list of these too. */
export const clusterSchema = z.strictObject({
  name: clusterName,
  audit_token_sha256: z
    .array(digest)
    .default([])
    .describe('SHA-256 (hex) of each bearer token that may send audit events. The token itself is not kept.'),
  admission_token_sha256: z
    .array(digest)
    .default([])
    .describe('SHA-256 (hex) of each token that may send admission reviews, by path or as bearer token.'),
  client_certificate_names: z
    .array(z.string().min(1).max(253))
    .default([])
    .describe(
      'Common names of client certificates, issued by the authority that the https listener trusts, that may send audit events and admission reviews.',
    ),
});

/** A cluster and its credentials, defaults filled in. */
export type ClusterConfig = z.output<typeof clusterSchema>;

const http = section('The listener for the console, its API, metrics and health; it takes events too.', {
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  port: port.default(8480).describe('TCP port; 0 lets the system choose one.'),
  allow_plaintext: z
    .boolean()
    .default(false)
    .describe(
      'Needed to listen beyond loopback, because this listener has no TLS. Set it where a proxy or the container network protects the port.',
    ),
}).check((context) => {
  const { host, allow_plaintext } = context.value;
  if (allow_plaintext || isLoopback(host)) return;
  context.issues.push({
    code: 'custom',
    path: ['host'],
    input: host,
    message: `${host} is reachable from outside and this listener has no TLS: use 127.0.0.1, or set http.allow_plaintext to true if something in front of it encrypts`,
  });
});

const https = section('The TLS listener on which clusters send audit events and admission reviews.', {
  enabled: z.boolean().default(true).describe('Whether to listen at all.'),
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on; 0.0.0.0 or :: for all.'),
  port: port.default(8481).describe('TCP port; 0 lets the system choose one.'),
  cert_file: path
    .optional()
    .describe(
      'PEM file with the server certificate and its chain. Without it one is made, and renewed, in data_dir/tls.',
    ),
  key_file: path
    .optional()
    .describe('PEM file with the private key of cert_file. Given together with cert_file, or not at all.'),
  client_ca_file: path
    .optional()
    .describe(
      'PEM file with the authorities that client certificates are checked against. Without it: the one in data_dir/tls.',
    ),
}).check((context) => {
  const { cert_file, key_file } = context.value;
  if ((cert_file === undefined) === (key_file === undefined)) return;
  const missing = cert_file === undefined ? 'cert_file' : 'key_file';
  context.issues.push({
    code: 'custom',
    path: [],
    input: context.value,
    message: `${missing} is missing: a certificate and its key are given together`,
  });
});

const receive = section('Limits on what senders may send.', {
  body_bytes_max: bytes.default(33_554_432).describe('Largest request body, in bytes, once decompressed.'),
  batch_items_max: count.default(20_000).describe('Most items (events) in one batch.'),
  item_bytes_max: bytes
    .default(8_388_608)
    .describe('Largest single event or review, in bytes. A larger one goes to dead letters.'),
  json_depth_max: count
    .max(10_000)
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

const log = section('The embedded log: everything received, kept for replay.', {
  retention_hours: z.number().positive().default(168).describe('How long entries are kept, in hours.'),
  bytes_max: bytes
    .default(10_737_418_240)
    .describe(
      'Largest size of the log on disk, in bytes. The oldest entries that every stage is done with are deleted first; if none are left, senders are told to retry.',
    ),
});

const detect = section('Matching of single events.', {
  rules: z
    .array(path)
    .min(1)
    .default(['shipped'])
    .describe(
      'Files and folders with Sigma rules. The word `shipped` stands for the folder that comes with Gatewatch.',
    ),
  namespaces_max: count
    .default(100_000)
    .describe('Most namespaces, over all clusters, whose labels are remembered.'),
  facts_text_chars_max: count
    .default(2048)
    .describe('Longest text carried from an event into an alert, in characters; longer ones are cut.'),
});

const correlate = section('Correlation of matches into alerts.', {
  lateness_seconds: seconds
    .default(300)
    .describe('How late, in event time, a record may arrive and still count in its window, in seconds.'),
  groups_max: count.default(200_000).describe('Most correlation groups held open at one time.'),
  signals_per_group_max: count.default(10_000).describe('Most matches of one rule held in one group.'),
  evidence_max: count.default(20).describe('Most records listed as evidence in one alert; more are counted.'),
  suppress_seconds: seconds
    .default(3600)
    .describe(
      'Repeats of an alert within this time, in seconds, raise its count instead of making a new one. Rules may set their own.',
    ),
});

const index = section('The embedded alert store.', {
  retention_days: z
    .number()
    .positive()
    .max(36_500)
    .default(365)
    .describe('How long alerts are kept, in days of their own time.'),
});

const consoleSection = section('The web console and its API.', {
  session_hours: z.number().positive().max(8760).default(12).describe('How long a login lasts, in hours.'),
  login_attempts_per_minute_max: count
    .default(10)
    .describe('Most login attempts from one address, per minute.'),
  public_url: z
    .url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })
    .optional()
    .describe(
      'Address under which people reach the console, if it is not the one it listens on; used in links and to mark cookies as secure.',
    ),
});

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const logging = section("Gatewatch's own log lines, JSON on standard output.", {
  level: z.enum(LOG_LEVELS).default('info').describe('Least severe level that is written.'),
});

/**
 * Everything that can be configured. Types, JSON Schema, `docs/configuration.md` and the suggestions for mistyped
 * keys all come from here. Names carry their unit; what ends in `_max` is a limit whose reaching is counted.
 */
export const configSchema = z.strictObject({
  data_dir: path
    .default('.gatewatch')
    .describe(
      'Folder for all state: database, credentials, certificates. Created with access for its owner only.',
    ),
  http: http.prefault({}),
  https: https.prefault({}),
  clusters: z
    .array(clusterSchema)
    .default([])
    .describe('Clusters that may send, besides those that `gatewatch setup` added to data_dir/clusters.json.')
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
  detect: detect.prefault({}),
  correlate: correlate.prefault({}),
  index: index.prefault({}),
  console: consoleSection.prefault({}),
  logging: logging.prefault({}),
});

/** The whole configuration, defaults filled in. */
export type Config = z.output<typeof configSchema>;

/** The JSON Schema of a configuration file, for editors and for `gatewatch config schema`. */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(configSchema, { io: 'input' }), title: 'Gatewatch configuration' };
}
