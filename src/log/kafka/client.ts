import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import {
  type AuthenticationProviderArgs,
  Kafka,
  type KafkaConfig,
  logLevel,
  type Mechanism,
  type SASLOptions,
} from 'kafkajs';
import { GatewatchError } from '../../errors.ts';
import { Connections, seedOf } from './connections.ts';
import './library.ts';
import { printedToken } from './token.ts';
import { within } from './within.ts';

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

/** Longest waits for one broker's connection, its login, and its answer to a request, milliseconds. */
const SOCKET_MS_MAX = 3_000;
const LOGIN_MS_MAX = 10_000;
const REQUEST_MS_MAX = 10_000;

/** How often the library tries again to find a broker, at least; each is tried. */
const RETRIES_MIN = 3;

/** Longest wait until any broker is connected, milliseconds. */
const CONNECT_MS_MAX = 12_000;

/**
 * A client of the brokers; nothing is connected yet.
 * @throws FILE_UNREADABLE, KAFKA_AUTHENTICATION_FAILED: a certificate or key that is none
 */
export function kafkaClient({ brokers, client_id, tls, sasl }: KafkaConnection): KafkaClient {
  const config: KafkaConfig = {
    clientId: client_id,
    brokers: brokers.map(seedOf),
    connectionTimeout: SOCKET_MS_MAX,
    authenticationTimeout: LOGIN_MS_MAX,
    requestTimeout: REQUEST_MS_MAX,
    retry: { retries: Math.max(RETRIES_MIN, brokers.length), initialRetryTime: 100, maxRetryTime: 1000 },
    // What goes wrong comes back as an error, which is named and counted; the library would say it again in its own words.
    logLevel: logLevel.NOTHING,
  };
  if (tls.enabled) {
    config.ssl = {
      ...(tls.ca_file ? { ca: read(tls.ca_file) } : {}),
      ...(tls.cert_file && tls.key_file ? { cert: read(tls.cert_file), key: read(tls.key_file) } : {}),
    };
    refuseUnusable(config.ssl);
  }
  const login = loginOf(sasl);
  if (login) config.sasl = login;
  return new KafkaClient(config);
}

/** The library's client, with connections that can be cut. */
export class KafkaClient extends Kafka {
  readonly #config: KafkaConfig;
  readonly #connections: Connections;

  constructor(config: KafkaConfig) {
    const connections = new Connections();
    super({ ...config, brokers: fromAnyOn(config.brokers as string[]), socketFactory: connections.open });
    this.#config = config;
    this.#connections = connections;
  }

  /** A client of the same brokers with connections of its own. */
  another(): KafkaClient {
    return new KafkaClient(this.#config);
  }

  /** @throws KAFKA_UNREACHABLE if no broker answers in time, and what the library throws */
  async connect<Part extends { connect(): Promise<void> }>(part: Part): Promise<Part> {
    await within(
      CONNECT_MS_MAX,
      part.connect(),
      () =>
        new GatewatchError('KAFKA_UNREACHABLE', 'No broker answered in time.', { where: 'kafka.brokers' }),
    );
    return part;
  }

  /** Breaks all connections at once, for good. Nothing is sent any more, whatever the library still tries. */
  cut(): void {
    this.#connections.cut();
  }
}

/** The library begins with the first: whichever that is, a broker that hangs must not be it each time. */
function fromAnyOn(brokers: readonly string[]): string[] {
  const first = Math.floor(Math.random() * brokers.length);
  return [...brokers.slice(first), ...brokers.slice(0, first)];
}

function loginOf(sasl: KafkaConnection['sasl']): SASLOptions | Mechanism | undefined {
  const { mechanism, username = '', password_file = '', token_command = [] } = sasl;
  switch (mechanism) {
    case 'none':
      return undefined;
    case 'oauthbearer':
      return { mechanism, authenticationProvider: (connection) => bearer(connection, token_command) };
    default:
      return { mechanism, username, password: read(password_file).trim() } as SASLOptions;
  }
}

/** SASL OAUTHBEARER (RFC 7628). The library's own takes a refusal, which is an answer, for a yes. */
function bearer({ saslAuthenticate }: AuthenticationProviderArgs, command: readonly string[]) {
  return {
    async authenticate(): Promise<void> {
      const message = `n,,\u0001auth=Bearer ${await printedToken(command)}\u0001\u0001`;
      const refusal = await saslAuthenticate<string>({
        request: { encode: () => sized(Buffer.from(message)) },
        response: { decode: (answer) => answer, parse: (answer) => answer.toString('utf8', SIZE_BYTES) },
      });
      if (!refusal) return;
      throw new GatewatchError('KAFKA_AUTHENTICATION_FAILED', `The brokers refuse the token: ${refusal}.`, {
        where: 'kafka.sasl.token_command',
      });
    },
  };
}

/** The protocol's BYTES begin with their number. */
const SIZE_BYTES = 4;

function sized(bytes: Buffer): Buffer {
  const size = Buffer.alloc(SIZE_BYTES);
  size.writeInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
}

function refuseUnusable(files: SecureContextOptions): void {
  try {
    createSecureContext(files);
  } catch (cause) {
    const what = `The certificates or the key cannot be used: ${(cause as Error).message}.`;
    throw new GatewatchError('KAFKA_AUTHENTICATION_FAILED', what, { where: 'kafka.tls', cause });
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new GatewatchError('FILE_UNREADABLE', `${(cause as Error).message}.`, { where: file, cause });
  }
}
