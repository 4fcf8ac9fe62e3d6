import { z } from 'zod';
import { bytes, count, path, section } from './types.ts';

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

const SASL_MECHANISMS = ['none', 'plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'] as const;

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

export const kafka = section('Kafka as the log, instead of the embedded one.', {
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
