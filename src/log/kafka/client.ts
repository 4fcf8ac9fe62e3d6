import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { Kafka, type KafkaConfig, logLevel, type SASLOptions } from 'kafkajs';
import { GatewatchError } from '../../errors.ts';

/** How to reach the brokers; the section `kafka` of the configuration. Paths name files. */
export interface KafkaConnection {
  readonly brokers: readonly string[];
  readonly client_id: string;
  readonly rack: string;
  readonly tls: {
    readonly enabled: boolean;
    readonly ca_file?: string | undefined;
    readonly cert_file?: string | undefined;
    readonly key_file?: string | undefined;
  };
  readonly sasl: {
    readonly mechanism: 'none' | 'plain' | 'scram-sha-256' | 'scram-sha-512' | 'oauthbearer';
    readonly username?: string | undefined;
    readonly password_file?: string | undefined;
    readonly token_command?: readonly string[] | undefined;
  };
}

// The library sets timers that lie in the past, which is harmless, and of which Node warns on standard error (kafkajs issue 1751).
const { emitWarning } = process;
process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
  if (rest[0] !== 'TimeoutNegativeWarning') Reflect.apply(emitWarning, process, [warning, ...rest]);
};

const CONNECT_MS_MAX = 5_000;
const REQUEST_MS_MAX = 30_000;

/** Longest that a token command may take, milliseconds. */
const TOKEN_MS_MAX = 10_000;

/**
 * A client of the brokers; nothing is connected yet.
 * @throws FILE_UNREADABLE
 */
export function kafkaClient({ brokers, client_id, tls, sasl }: KafkaConnection): Kafka {
  const config: KafkaConfig = {
    clientId: client_id,
    brokers: [...brokers],
    connectionTimeout: CONNECT_MS_MAX,
    authenticationTimeout: CONNECT_MS_MAX,
    requestTimeout: REQUEST_MS_MAX,
    // What goes wrong comes back as an error, which is named and counted; the library would say it again in its own words.
    logLevel: logLevel.NOTHING,
  };
  if (tls.enabled) {
    config.ssl = {
      ...(tls.ca_file ? { ca: read(tls.ca_file) } : {}),
      ...(tls.cert_file && tls.key_file ? { cert: read(tls.cert_file), key: read(tls.key_file) } : {}),
    };
  }
  const login = saslOptions(sasl);
  if (login) config.sasl = login;
  return new Kafka(config);
}

function saslOptions(sasl: KafkaConnection['sasl']): SASLOptions | undefined {
  const { mechanism, username = '', password_file, token_command } = sasl;
  switch (mechanism) {
    case 'none':
      return undefined;
    case 'oauthbearer':
      return { mechanism, oauthBearerProvider: async () => ({ value: await token(token_command ?? []) }) };
    default:
      return { mechanism, username, password: read(password_file ?? '').trim() } as SASLOptions;
  }
}

/** Runs the program that prints a token: the token alone, or JSON with `access_token`, as identity providers answer. */
async function token([program = '', ...args]: readonly string[]): Promise<string> {
  let printed: string;
  try {
    ({ stdout: printed } = await promisify(execFile)(program, args, { timeout: TOKEN_MS_MAX }));
  } catch (cause) {
    // What it printed may hold secrets: only how it ended is told.
    const { code, signal } = cause as { code?: unknown; signal?: unknown };
    throw new GatewatchError('KAFKA_AUTHENTICATION_FAILED', `The token command failed (${signal ?? code}).`, {
      where: 'kafka.sasl.token_command',
    });
  }
  const text = printed.trim();
  return text.startsWith('{') ? (JSON.parse(text) as { access_token: string }).access_token : text;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new GatewatchError('FILE_UNREADABLE', `${(cause as Error).message}.`, { where: file, cause });
  }
}
