import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Server as TlsServer } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { type Logger, pino } from 'pino';
import { isLoopback } from '../config/loopback.ts';
import type { Config } from '../config/schema.ts';
import { answerFrameworkError } from '../console/errors.ts';
import { consolePlugin } from '../console/plugin.ts';
import { Authenticator } from '../credentials/authenticate.ts';
import { clustersFile, joinClusters, readClusters } from '../credentials/clusters-file.ts';
import { ensureServerTls, type ServerTls } from '../credentials/tls.ts';
import { ReaderThread } from '../index/embedded/reader-thread.ts';
import { follow } from '../receive/files/follow.ts';
import { receivePlugin } from '../receive/http/plugin.ts';
import { InFlight } from '../receive/in-flight.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { claimDataDir, databaseFile, keptSecret } from './data-dir.ts';
import { healthRoutes } from './health.ts';
import { listen, listener } from './listener.ts';
import { StagesThread } from './stages-thread.ts';

/** How often files that other processes change (clusters, certificates) are looked at, milliseconds. */
const WATCH_MS = 1000;

const DAY_MS = 86_400_000;

/** A running Gatewatch. */
export interface Served {
  /** Address of the console, for example `http://127.0.0.1:8480`. */
  readonly consoleUrl: string;
  /** Port of the https listener, if there is one. */
  readonly httpsPort?: number;
  readonly consoleToken: string;
  /** Takes up clusters that have been registered since; it happens by itself within a second. */
  reloadClusters(): Promise<void>;
  /** Stops taking requests, answers those in hand, lets the stages finish their batch. */
  close(): Promise<void>;
}

/**
 * Runs the whole of Gatewatch in one process: HTTP on this thread, the log and the stages on another.
 * @throws DATA_DIR_IN_USE, ADDRESS_UNAVAILABLE, DATABASE_*, RULE_*, CONFIG_*
 */
export async function serve(config: Config, version: string): Promise<Served> {
  const closers: (() => void | Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return await start(config, version, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  config: Config,
  version: string,
  closers: (() => void | Promise<void>)[],
  close: () => Promise<void>,
): Promise<Served> {
  const { data_dir: dataDir } = config;
  const logger = pino({ level: config.logging.level });
  closers.push(await claimDataDir(dataDir));
  const consoleToken = await keptSecret(dataDir, 'console-token');
  const cookieSecret = await keptSecret(dataDir, 'cookie-secret');

  const database = databaseFile(dataDir);
  const stages = await StagesThread.start(config, database, (error) => logger.fatal(error.explain()));
  closers.push(() => stages.close());
  const store = new ReaderThread(database);
  closers.push(() => store.close());

  const metrics = new Metrics({ process: true });
  const authenticator = new Authenticator([]);
  let draining = false;
  const state = { draining: () => draining, failure: () => stages.failure };
  const receive = {
    log: stages.log,
    authenticator,
    limits: config.receive,
    metrics,
    inFlight: new InFlight(config.receive.in_flight_bytes_max),
    draining: state.draining,
    now: Date.now,
  };
  await loadClusters(config, authenticator, metrics);
  closers.push(await startFollowing(config, receive, logger));

  const http = listener({ logger, ...timing(config) });
  http.get('/metrics', async (_request, reply) => {
    const { contentType, body } = await metrics.expose(await stages.metrics());
    return reply.type(contentType).send(body);
  });
  await http.register(healthRoutes, state);
  await http.register(receivePlugin, receive);
  await http.register(consolePlugin, {
    store,
    token: consoleToken,
    cookieSecret,
    sessionHours: config.console.session_hours,
    loginAttemptsPerMinuteMax: config.console.login_attempts_per_minute_max,
    secureCookie: config.console.public_url?.startsWith('https:') ?? false,
    version,
  });
  closers.push(() => http.close());
  const httpPort = await listen(http, config.http.host, config.http.port, 'http.port');

  const https = config.https.enabled ? await startHttps(config, logger, receive, state) : undefined;
  if (https) closers.push(() => https.fastify.close());
  watchFile(clustersFile(dataDir), { interval: WATCH_MS }, () => {
    reload(config, authenticator, metrics, https?.fastify).catch((error) =>
      logger.error(error, 'clusters.json'),
    );
  });
  closers.push(() => unwatchFile(clustersFile(dataDir)));
  if (https) {
    const renewal = setInterval(() => {
      renewCertificate(config, https.fastify).catch((error) => logger.error(error, 'certificate'));
    }, DAY_MS).unref();
    closers.push(() => clearInterval(renewal));
  }
  closers.push(() => {
    draining = true;
  });
  const host =
    isLoopback(config.http.host) || config.http.host.includes(':') ? config.http.host : '127.0.0.1';
  return {
    consoleUrl: config.console.public_url ?? `http://${host.includes(':') ? `[${host}]` : host}:${httpPort}`,
    ...(https ? { httpsPort: https.port } : {}),
    consoleToken,
    reloadClusters: () => loadClusters(config, authenticator, metrics),
    close,
  };
}

type Receive = Parameters<typeof receivePlugin>[1];
type State = Parameters<typeof healthRoutes>[1];

async function loadClusters(config: Config, authenticator: Authenticator, metrics: Metrics): Promise<void> {
  const clusters = joinClusters(config.clusters, await readClusters(config.data_dir));
  authenticator.reload(clusters);
  metrics.bound(
    'cluster',
    [...clusters, ...config.receive.files.map(({ cluster }) => ({ name: cluster }))].map(({ name }) => name),
  );
}

/** `gatewatch setup` has written to the data folder: another cluster, and perhaps another name in the certificate. */
async function reload(
  config: Config,
  authenticator: Authenticator,
  metrics: Metrics,
  https: FastifyInstance | undefined,
): Promise<void> {
  await loadClusters(config, authenticator, metrics);
  if (https) await renewCertificate(config, https);
}

/** Puts in force the certificate of now: one with another name, one renewed in time, or what was put in its file's place. */
async function renewCertificate(config: Config, https: FastifyInstance): Promise<void> {
  (https.server as unknown as TlsServer).setSecureContext(await serverTls(config));
}

async function startFollowing(
  config: Config,
  receive: Receive,
  logger: Logger,
): Promise<() => Promise<void>> {
  const stop = new AbortController();
  const followed = config.receive.files.map(({ path, cluster }) =>
    follow({
      ...receive,
      path,
      cluster,
      dataDir: config.data_dir,
      signal: stop.signal,
      failed: (error) => logger.error(error, `following ${path}`),
    }),
  );
  return async () => {
    stop.abort();
    await Promise.all(followed);
  };
}

async function startHttps(
  config: Config,
  logger: Logger,
  receive: Receive,
  state: State,
): Promise<{ fastify: FastifyInstance; port: number }> {
  const { cert, key, ca } = await serverTls(config);
  // Asked for, not insisted on: a token is as good, and a bad certificate gets an answer that says so.
  const tls = { cert, key, ca, requestCert: true, rejectUnauthorized: false };
  const fastify = listener({ logger, ...timing(config), https: tls });
  fastify.setNotFoundHandler(async (request, reply) =>
    answerFrameworkError(new Error('no route'), request, reply),
  );
  await fastify.register(healthRoutes, state);
  await fastify.register(receivePlugin, receive);
  return { fastify, port: await listen(fastify, config.https.host, config.https.port, 'https.port') };
}

function timing({ receive }: Config): { requestSecondsMax: number; retryAfterSeconds: number } {
  return {
    requestSecondsMax: receive.request_seconds_max,
    retryAfterSeconds: receive.retry_after_seconds,
  };
}

async function serverTls(config: Config): Promise<Pick<ServerTls, 'cert' | 'key' | 'ca'>> {
  const { cert_file, key_file, client_ca_file, host } = config.https;
  const own = cert_file && key_file ? undefined : await ensureServerTls(config.data_dir, [host]);
  const [cert, key] = own
    ? [own.cert, own.key]
    : await Promise.all([readFile(cert_file!, 'utf8'), readFile(key_file!, 'utf8')]);
  const ca = client_ca_file
    ? await readFile(client_ca_file, 'utf8')
    : (own ?? (await ensureServerTls(config.data_dir, []))).ca;
  return { cert, key, ca };
}
