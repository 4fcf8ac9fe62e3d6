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

const log = section('The log: everything received, kept for replay.', {
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

const tls = section('Encryption and the certificates for it. Certificates are PEM files.', {
  enabled: z.boolean().default(false).describe('Whether to speak TLS with the brokers.'),
  ca_file: path
    .optional()
    .describe("Authorities that the brokers' certificates are checked against. Without it: the system's."),
  cert_file: path.optional().describe('Client certificate, where brokers ask for one.'),
  key_file: path.optional().describe('Private key of cert_file.'),
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

export const SASL_MECHANISMS = ['none', 'plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'] as const;

const sasl = section('How to log in to the brokers.', {
  mechanism: z.enum(SASL_MECHANISMS).default('none').describe('SASL mechanism.'),
  username: z.string().min(1).optional().describe('User name, for plain and scram.'),
  password_file: path.optional().describe('File with the password, for plain and scram.'),
  token_command: z
    .array(z.string())
    .min(1)
    .optional()
    .describe(
      'Program and arguments that print a bearer token, for oauthbearer. It is run, without a shell, for each connection that logs in.',
    ),
}).check((context) => {
  const { mechanism, username, password_file, token_command } = context.value;
  if (mechanism === 'none') return;
  const needed = mechanism === 'oauthbearer' ? { token_command } : { username, password_file };
  for (const [key, value] of Object.entries(needed)) {
    if (value !== undefined) continue;
    const message = `is needed for kafka.sasl.mechanism ${mechanism}`;
    context.issues.push({ code: 'custom', path: [key], input: value, message });
  }
});

const kafka = section('Kafka as the log, instead of the embedded one.', {
  brokers: z
    .array(z.string().regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:/]+):\d{1,5}$/, { error: 'must be HOST:PORT' }))
    .default([])
    .describe('Brokers to begin with, HOST:PORT. None: the embedded log is used.'),
  client_id: z
    .string()
    .regex(/^[\w.-]{1,200}$/, { error: 'must be letters, digits, ".", "_" and "-"' })
    .default('gatewatch')
    .describe("Name under which quotas and the brokers' logs know this client."),
  rack: z
    .string()
    .default('')
    .describe('Rack or zone of this process, to read from the replica nearest to it (client.rack).'),
  tls: tls.prefault({}),
  sasl: sasl.prefault({}),
  prefix: z
    .string()
    .regex(/^[\w.-]{1,100}$/, { error: 'must be letters, digits, ".", "_" and "-"' })
    .default('gatewatch.')
    .describe('What the names of topics and consumer groups begin with.'),
  create_topics: z
    .boolean()
    .default(true)
    .describe('Whether to create missing topics at start. If not: `gatewatch topics apply`.'),
  partitions: count
    .max(1000)
    .default(12)
    .describe(
      'Partitions of each topic, and so the most processes that can share a stage. It cannot be changed while events are in the topics.',
    ),
  replication_factor: count.max(100).default(3).describe('Replicas of each partition.'),
  min_insync_replicas: count
    .max(100)
    .default(2)
    .describe('Replicas that must have an entry before it counts as stored.'),
  message_bytes_max: bytes
    .default(9_437_184)
    .describe(
      'Largest message, in bytes; topics are created with it (max.message.bytes). One item with its headers must fit.',
    ),
  dead_letters_bytes_max: bytes
    .default(10_737_418_240)
    .describe('Size, in bytes, beyond which the oldest dead letters are deleted. Age deletes none.'),
  compression: z
    .enum(['none', 'gzip', 'lz4', 'zstd'])
    .default('lz4')
    .describe('Compression of what is sent to the brokers.'),
  append_seconds_max: z
    .number()
    .positive()
    .max(3600)
    .default(10)
    .describe('Longest wait for the brokers to store a batch, in seconds; then its sender is told to retry.'),
  session_seconds: z
    .number()
    .min(1)
    .max(1800)
    .default(30)
    .describe(
      'Silence, in seconds, after which a process is taken for dead and its partitions move to others.',
    ),
}).check((context) => {
  const { replication_factor, min_insync_replicas } = context.value;
  if (min_insync_replicas <= replication_factor) return;
  context.issues.push({
    code: 'custom',
    path: ['min_insync_replicas'],
    input: min_insync_replicas,
    message: `must not be more than kafka.replication_factor (${replication_factor})`,
  });
});

const auditEvents = section(
  "Audit events beside the alerts, in the layout of Elastic's kubernetes integration.",
  {
    enabled: z.boolean().default(false).describe('Whether to store audit events.'),
    retention_days: z
      .number()
      .positive()
      .max(36_500)
      .default(30)
      .describe("How long they are kept, in days; the data stream's lifecycle."),
  },
);

const elasticsearch = section('Elasticsearch as the alert store, instead of the embedded one.', {
  nodes: z
    .array(z.url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' }))
    .default([])
    .describe('Nodes to begin with, URLs. None, and no cloud_id: the embedded store is used.'),
  cloud_id: z
    .string()
    .min(1)
    .optional()
    .describe('Cloud id of an Elastic Cloud deployment, instead of nodes.'),
  username: z.string().min(1).optional().describe('User name.'),
  password_file: path.optional().describe('File with the password of username.'),
  api_key_file: path.optional().describe('File with an API key (encoded form), instead of username.'),
  ca_file: path
    .optional()
    .describe("PEM file with the authorities that the nodes are checked against. Without it: the system's."),
  ca_fingerprint_sha256: digest
    .optional()
    .describe("SHA-256 (hex) of the authority's certificate, as Elasticsearch prints it at first start."),
  namespace: z
    .string()
    .regex(/^[a-z0-9_]{1,100}$/, { error: 'must be lower-case letters, digits and "_"' })
    .default('default')
    .describe('Last part of the names of the alias and the data stream, which tells environments apart.'),
  install_templates: z
    .boolean()
    .default(true)
    .describe('Whether to install the index templates at start. If not: `gatewatch index setup`.'),
  request_seconds_max: z
    .number()
    .positive()
    .max(3600)
    .default(30)
    .describe('Longest wait for an answer, in seconds.'),
  bulk_bytes_max: bytes.default(5_242_880).describe('Largest body of one bulk request, in bytes.'),
  audit_events: auditEvents.prefault({}),
}).check((context) => {
  const { nodes, cloud_id, username, password_file, api_key_file } = context.value;
  const fault = (key: string, message: string) =>
    context.issues.push({ code: 'custom', path: [key], input: undefined, message });
  if (nodes.length > 0 && cloud_id !== undefined)
    fault('cloud_id', 'is given together with nodes: one of the two');
  if ((username === undefined) !== (password_file === undefined))
    fault(username === undefined ? 'username' : 'password_file', 'is missing: the two are given together');
  if (username !== undefined && api_key_file !== undefined)
    fault('api_key_file', 'is given together with username: one of the two');
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

const index = section('The alert store.', {
  retention_days: z
    .number()
    .positive()
    .max(36_500)
    .default(365)
    .describe(
      'How long alerts are kept, in days of their own time; in Elasticsearch until their whole month is older.',
    ),
});

const consoleSection = section('The web console and its API.', {
  session_hours: z.number().positive().max(8760).default(12).describe('How long a login lasts, in hours.'),
  login_attempts_per_minute_max: count
    .default(10)
    .describe('Most login attempts from one address, per minute.'),
  token_file: path
    .optional()
    .describe(
      'File with the login token, at least 20 characters. Without it one is made in data_dir/console-token.',
    ),
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
    console: consoleSection.prefault({}),
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
