import { z } from 'zod';
import { bytes, digest, path, section } from './types.ts';

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

export const elasticsearch = section('Elasticsearch as the alert store, instead of the embedded one.', {
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
