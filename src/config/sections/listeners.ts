import { z } from 'zod';
import { isLoopback } from '../loopback.ts';
import { count, path, port, section } from './types.ts';

export const http = section(
  'The listener for the console, its API, metrics and health; it takes events too.',
  {
    host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
    port: port.default(8480).describe('TCP port; 0 lets the system choose one.'),
    allow_plaintext: z
      .boolean()
      .default(false)
      .describe(
        'Needed to listen beyond loopback, because this listener has no TLS. Set it where a proxy or the container network protects the port.',
      ),
  },
).check((context) => {
  const { host, allow_plaintext } = context.value;
  if (allow_plaintext || isLoopback(host)) return;
  context.issues.push({
    code: 'custom',
    path: ['host'],
    input: host,
    message: `${host} is reachable from outside and this listener has no TLS: use 127.0.0.1, or set http.allow_plaintext to true if something in front of it encrypts`,
  });
});

export const https = section(
  'The TLS listener on which clusters send audit events, admission reviews and decisions.',
  {
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
  },
).check((context) => {
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

export const console = section('The web console and its API.', {
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
