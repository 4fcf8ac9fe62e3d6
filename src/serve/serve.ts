import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Server as TlsServer } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { type Logger, pino } from 'pino';
import { openAlertReader, usesElasticsearch, usesKafka } from '../app.ts';
import { isLoopback } from '../config/loopback.ts';
import type { Config, Role } from '../config/schema.ts';
import { answerFrameworkError } from '../console/errors.ts';
import { consolePlugin } from '../console/plugin.ts';
import { Authenticator } from '../credentials/authenticate.ts';
import { clustersFile, joinClusters, readClusters } from '../credentials/clusters-file.ts';
import { ensureServerTls, type ServerTls } from '../credentials/tls.ts';
import { GatewatchError } from '../errors.ts';
import { follow } from '../receive/files/follow.ts';
import { receivePlugin } from '../receive/http/plugin.ts';
import { InFlight } from '../receive/in-flight.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { claimDataDir, databaseFile, keptSecret } from './data-dir.ts';
import { healthRoutes } from './health.ts';
import { listen, listener } from './listener.ts';
import { StagesThread } from './stages-thread.ts';
import type { Health } from './worker-messages.ts';

/** How often files that other processes change (clusters, certificates) are looked at, milliseconds. */
const WATCH_MS = 1000;

const DAY_MS = 86_400_000;

/** A login token that somebody chose himself is at least this long. */
const TOKEN_CHARS_MIN = 20;

/** A running Gatewatch. */
export interface Served {
  /** Address of the console, metrics and health, for example `http://127.0.0.1:8480`. */
  readonly url: string;
  /** Port of the https listener, if there is one. */
  readonly httpsPort?: number;
  /** Absent where there is no console. */
  readonly consoleToken?: string;
  /** Takes up clusters that have been registered since; it happens by itself within a second. */
  reloadClusters(): Promise<void>;
  /** Takes up rules that have been changed since; it happens by itself after `detect.reload_seconds`. */
  reloadRules(): void;
  /** Stops taking requests, answers those in hand, lets the stages finish their batch. */
  close(): Promise<void>;
}

/**
 * Runs the configured roles of Gatewatch in this process: HTTP on this thread, the stages on another.
 * @throws DATA_DIR_IN_USE, ADDRESS_UNAVAILABLE, DATABASE_*, KAFKA_*, TOPIC_*, STORE_*, RULE_*, CONFIG_*
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
  const metrics = new Metrics({ process: true });
  const logger = pino({ level: config.logging.level });
  const does = (role: Role): boolean => config.roles.includes(role);
  if (usesDataDir(config)) closers.push(await claimDataDir(config.data_dir));
  const database = databaseFile(config.data_dir);
  const stages = config.roles.every((role) => role === 'console')
    ? undefined
    : StagesThread.start(config, {
        database,
        waiting: (error) => logger.error(error.explain()),
        problem: (role, error) => {
          if (error) logger.error({ role }, error.explain());
          else logger.info({ role }, 'goes on');
        },
        rules: (inForce, problems) => {
          for (const problem of problems)
            logger.error(inForce, `changed rules are refused, those before them stay: ${problem.explain()}`);
          if (problems.length === 0) logger.info(inForce, 'changed rules are in force');
        },
        failed: (error) => logger.fatal(error.explain()),
      });
  if (stages) closers.push(() => stages.close());
  // The reader of the embedded store needs the file.
  if (usesDataDir(config)) await stages?.started;

  const authenticator = new Authenticator([]);
  let draining = false;
  const state = { draining: () => draining, roles: () => healthOf(config, stages) };
  const log = stages?.log;
  const receive: Receive | undefined = log
    ? {
        log,
        authenticator,
        limits: config.receive,
        metrics,
        inFlight: new InFlight(config.receive.in_flight_bytes_max),
        draining: state.draining,
        now: Date.now,
      }
    : undefined;
  await loadClusters(config, authenticator, metrics);
  if (receive) closers.push(await startFollowing(config, receive, logger));

  const http = listener({ logger, ...timing(config) });
  http.get('/metrics', async (_request, reply) => {
    const { contentType, body } = await metrics.expose(await stages?.metrics());
    return reply.type(contentType).send(body);
  });
  await http.register(healthRoutes, state);
  if (receive) await http.register(receivePlugin, receive);
  const consoleToken = does('console') ? await consoleTokenOf(config) : undefined;
  if (consoleToken !== undefined) {
    const store = openAlertReader(config, database);
    closers.push(() => store.close());
    await http.register(consolePlugin, {
      store,
      token: consoleToken,
      sessionHours: config.console.session_hours,
      loginAttemptsPerMinuteMax: config.console.login_attempts_per_minute_max,
      secureCookie: config.console.public_url?.startsWith('https:') ?? false,
      version,
    });
  }
  closers.push(() => http.close());
  const httpPort = await listen(http, config.http.host, config.http.port, 'http.port');

  const https =
    config.https.enabled && receive ? await startHttps(config, logger, receive, state) : undefined;
  if (https) closers.push(() => https.fastify.close());
  watchFile(clustersFile(config.data_dir), { interval: WATCH_MS }, () => {
    reload(config, authenticator, metrics, https?.fastify).catch((error) =>
      logger.error(error, 'clusters.json'),
    );
  });
  closers.push(() => unwatchFile(clustersFile(config.data_dir)));
  if (https) {
    const renewal = setInterval(() => {
      renewCertificate(config, https.fastify).catch((error) => logger.error(error, 'certificate'));
    }, DAY_MS).unref();
    closers.push(() => clearInterval(renewal));
  }
  // Only now: the observing webhook is answered while Kafka is looked for.
  await stages?.started;
  closers.push(() => {
    draining = true;
  });
  const host =
    isLoopback(config.http.host) || config.http.host.includes(':') ? config.http.host : '127.0.0.1';
  return {
    url: config.console.public_url ?? `http://${host.includes(':') ? `[${host}]` : host}:${httpPort}`,
    ...(https ? { httpsPort: https.port } : {}),
    ...(consoleToken !== undefined ? { consoleToken } : {}),
    reloadClusters: () => loadClusters(config, authenticator, metrics),
    reloadRules: () => stages?.reloadRules(),
    close,
  };
}

type Receive = Parameters<typeof receivePlugin>[1];
type State = Parameters<typeof healthRoutes>[1];

/** Whether the data folder holds a database that belongs to one process alone. */
function usesDataDir(config: Config): boolean {
  if (!usesKafka(config)) return true;
  return !usesElasticsearch(config) && config.roles.some((role) => role === 'index' || role === 'console');
}

async function healthOf(config: Config, stages: StagesThread | undefined): Promise<Health[]> {
  const behind = (await stages?.health()) ?? [];
  return config.roles.map((role): Health => {
    const all = behind.filter((health) => health.role === role);
    return all.find(({ state }) => state !== 'ready') ?? all[0] ?? { role, state: 'ready' };
  });
}

/** What people log in with. @throws FILE_UNREADABLE, CONFIG_INVALID */
async function consoleTokenOf({ console: { token_file }, data_dir }: Config): Promise<string> {
  if (token_file === undefined) return keptSecret(data_dir, 'console-token');
  const token = (
    await readFile(token_file, 'utf8').catch((cause: Error) => {
      throw new GatewatchError('FILE_UNREADABLE', `${cause.message}.`, { where: token_file, cause });
    })
  ).trim();
  if (token.length >= TOKEN_CHARS_MIN) return token;
  throw new GatewatchError('CONFIG_INVALID', `The token has fewer than ${TOKEN_CHARS_MIN} characters.`, {
    where: token_file,
  });
}

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
