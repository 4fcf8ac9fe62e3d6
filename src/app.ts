import type { Config, Role } from './config/schema.ts';
import { Correlator } from './correlate/correlator.ts';
import { IncidentKeeper } from './correlate/incidents/keeper.ts';
import { longestAlert } from './correlate/plan.ts';
import { Detector } from './detect/detector.ts';
import { type ExceptionState, stateOf } from './detect/exceptions/state.ts';
import { GatewatchError } from './errors.ts';
import { AuditEventStream } from './index/elasticsearch/audit-stream.ts';
import { elasticsearchClient } from './index/elasticsearch/client.ts';
import { deleteOldMonths } from './index/elasticsearch/retention.ts';
import { checkServer } from './index/elasticsearch/server.ts';
import { installTemplates, verifyTemplates } from './index/elasticsearch/setup.ts';
import { ElasticsearchAlertStore } from './index/elasticsearch/store.ts';
import { plannedTemplates } from './index/elasticsearch/templates.ts';
import { ReaderThread } from './index/embedded/reader-thread.ts';
import { EmbeddedAlertStore } from './index/embedded/store.ts';
import type { AlertReader, AlertStore, AuditEventSink } from './index/port.ts';
import { openDatabase } from './log/embedded/database.ts';
import { EmbeddedLog } from './log/embedded/log.ts';
import type { EncodedAppender } from './log/host.ts';
import { KafkaLog } from './log/kafka/log.ts';
import type { Log, LogObserver } from './log/port.ts';
import { RulesInForce } from './rules/in-force.ts';
import type { LoadedRules } from './rules/load.ts';
import type { Clock } from './stages/clock.ts';
import { runCorrelate } from './stages/correlate.ts';
import { runDetect } from './stages/detect.ts';
import { runIndex } from './stages/index-alerts.ts';
import { runIndexAuditEvents } from './stages/index-audit-events.ts';
import { isAway } from './stages/patience.ts';
import type { Stage } from './stages/stage.ts';
import type { Metrics } from './telemetry/metrics.ts';

/** The stages behind the receiver, running. */
export interface Stages {
  readonly log: Log & EncodedAppender;
  /** Where alerts end, if the role `index` runs here. */
  readonly alerts: AlertStore | undefined;
  /** Those in force, and why they are not those of the files as they are now. */
  readonly rules: LoadedRules;
  readonly rulesProblems: readonly GatewatchError[];
  readonly running: readonly Stage[];
  /** Rejects when a stage stops because of an error; resolves after `close`. */
  readonly closed: Promise<unknown>;
  /** Resolves when everything appended so far has gone through all stages that run here. */
  drained(): Promise<void>;
  /** Brings those metrics up to date that are looked up, not counted. */
  measure(): Promise<void>;
  /** Looks now whether the files of rules have changed; it happens by itself as well. */
  reloadRules(): Promise<void>;
  close(): Promise<void>;
}

export interface StagesOptions {
  /** File of the embedded database, where one is used; `:memory:` for none. */
  readonly database: string;
  readonly metrics: Metrics;
  /** Wall clock, Unix milliseconds; for lag and retention only. */
  readonly now?: () => number;
  /** How often it is looked what has fallen silent, milliseconds; 0 for a recording, which does not when it ends. */
  readonly clockMs?: number;
  /** Told of changed rules once they are in force, or why they are not. */
  readonly rulesJudged?: (rules: LoadedRules, problems: readonly GatewatchError[]) => void;
}

/** True if the log is Kafka: then a process runs any of the roles, otherwise all. */
export function usesKafka(config: Config): boolean {
  return config.kafka.brokers.length > 0;
}

/**
 * Wires those of detect, correlate and index that are among the roles to the log and the alert store. With `openLog` and
 * `openAlertReader` the only place that knows which part runs on what.
 * @throws FILE_UNREADABLE, LIST_INVALID, RULE_*, EXCEPTION_INVALID, DATABASE_*, KAFKA_*, TOPIC_*, STORE_*
 */
export async function startStages(config: Config, options: StagesOptions): Promise<Stages> {
  const { metrics, database, now = Date.now, clockMs = CLOCK_MS, rulesJudged = () => {} } = options;
  const rules = await RulesInForce.load(config.detect);
  measureRules(rules.current, metrics);
  const look = async (asked: boolean): Promise<void> => {
    const found = await rules.look(asked);
    if (found === 'unchanged') return;
    if (found === 'refused') metrics.count('rulesReloadFailures', 1);
    else measureRules(rules.current, metrics);
    rulesJudged(rules.current, rules.problems);
  };
  let watch: NodeJS.Timeout | undefined;
  const log = await openLog(config, database, observerOf(metrics));
  const running: Stage[] = [];
  let stores: Stores | undefined;
  const clock = clockMs > 0 ? { everyMs: clockMs, caughtUp: () => isCaughtUp(running) } : undefined;
  const close = async (): Promise<void> => {
    clearInterval(watch);
    await Promise.all(running.map(({ consumer }) => consumer.close()));
    await log.close();
    await stores?.close();
  };
  try {
    if (config.roles.includes('index')) {
      stores = openStores(config, database, metrics, now);
      // What is wrong is said at once; a server that is away is waited for by the stage, and keeps nobody else waiting.
      await stores.prepare().catch((error) => {
        if (!(error instanceof GatewatchError && isAway(error))) throw error;
      });
    }
    for (const role of config.roles) {
      running.push(...(await runStages(role, { config, log, stores, rules, metrics, now, clock })));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const { reload_seconds } = config.detect;
  if (reload_seconds > 0) watch = setInterval(look, reload_seconds * 1000, false).unref();
  return {
    log,
    alerts: stores?.alerts,
    get rules() {
      return rules.current;
    },
    get rulesProblems() {
      return rules.problems;
    },
    running,
    closed: Promise.all(running.map(({ consumer }) => consumer.closed)),
    async drained() {
      for (const { consumer } of running) await consumer.drained();
    },
    async measure() {
      measureExceptions(rules.current, metrics, now());
      if (log instanceof EmbeddedLog) {
        metrics.set(
          'logBytes',
          Object.values(log.stats()).reduce((sum, { bytes }) => sum + bytes, 0),
        );
      }
      const lags = await Promise.all(
        running.map(async ({ name: stage, consumer }) => ({ stage, partitions: await consumer.lag() })),
      );
      metrics.clear('consumerLagEntries');
      for (const { stage, partitions } of lags) {
        for (const { partition, entries } of partitions) {
          metrics.set('consumerLagEntries', entries, { stage, partition });
        }
      }
    },
    reloadRules: () => look(true),
    close,
  };
}

/** Whether what was received has been detected, if that is done here. */
async function isCaughtUp(running: readonly Stage[]): Promise<boolean> {
  const detecting = running.filter(({ name }) => name === 'detect');
  const lags = await Promise.all(detecting.map(({ consumer }) => consumer.lag()));
  return lags.flat().every(({ entries }) => entries === 0);
}

/** Tells which rules are in force. */
function measureRules({ hash, set, exceptions }: LoadedRules, metrics: Metrics): void {
  const { rules, correlations } = set;
  metrics.bound(
    'rule',
    rules.map((rule) => rule.id),
  );
  metrics.bound(
    'exception',
    exceptions.map(({ id }) => id),
  );
  metrics.set('rulesLoaded', rules.length + correlations.length);
  metrics.clear('rulesInfo');
  metrics.set('rulesInfo', 1, { hash });
}

/** Tells how many exceptions hold, and how many somebody has to see to. @param now Unix milliseconds */
function measureExceptions({ exceptions }: LoadedRules, metrics: Metrics, now: number): void {
  const counts: Record<ExceptionState, number> = { 'not-yet': 0, active: 0, ending: 0, expired: 0 };
  for (const exception of exceptions) counts[stateOf(exception, now * 1000)]++;
  for (const [state, count] of Object.entries(counts)) metrics.set('exceptions', count, { state });
}

/**
 * The log that the configuration asks for. The embedded one is for one process at a time that appends.
 * @throws DATABASE_*, FILE_UNREADABLE, KAFKA_*, TOPIC_*
 */
export async function openLog(
  config: Config,
  database: string,
  observe: LogObserver = {},
): Promise<Log & EncodedAppender> {
  const { kafka, log } = config;
  if (usesKafka(config)) {
    return await KafkaLog.open({ ...kafka, retention_hours: log.retention_hours }, observe);
  }
  return new EmbeddedLog(database, {
    retentionHours: log.retention_hours,
    bytesMax: log.bytes_max,
    groups: { records: ['detect'], signals: ['correlate'], alerts: ['index'] },
    observe,
  });
}

/** The alert store, for looking: beside the stages' own connection, and on another thread if it would hold up this one. */
export function openAlertReader(config: Config, database: string): AlertReader & { close(): Promise<void> } {
  if (!usesElasticsearch(config)) return new ReaderThread(database);
  const { namespace, bulk_bytes_max } = config.elasticsearch;
  const client = elasticsearchClient(config.elasticsearch);
  const store = new ElasticsearchAlertStore(client, { namespace, bulk_bytes_max });
  return {
    get: (id) => store.get(id),
    find: (query) => store.find(query),
    count: (filter, by) => store.count(filter, by),
    close: () => client.close(),
  };
}

/** How often it is looked what has fallen silent, milliseconds. */
const CLOCK_MS = 15_000;

/** How often old alerts are deleted, milliseconds. */
const EXPIRY_MS = 3_600_000;

const DAY_MS = 86_400_000;

/** Where the index stage writes. */
interface Stores {
  readonly alerts: AlertStore;
  readonly auditEvents?: AuditEventSink;
  /** To be called until it resolves, before anything is written. */
  prepare(): Promise<void>;
  /** Deletes what is older than alerts are kept. */
  expire(): Promise<void>;
  close(): Promise<void>;
}

/** True if alerts are kept in Elasticsearch. */
export function usesElasticsearch({ elasticsearch: { nodes, cloud_id } }: Config): boolean {
  return nodes.length > 0 || cloud_id !== undefined;
}

function openStores(config: Config, database: string, metrics: Metrics, now: () => number): Stores {
  const { expire, ...stores } = usesElasticsearch(config)
    ? openElasticsearch(config, now)
    : openEmbeddedStore(config, database, now);
  const expiry = setInterval(() => {
    expire().catch((error) => {
      const code = error instanceof GatewatchError ? error.code : 'INTERNAL';
      metrics.count('indexExpiryFailures', 1, { code });
    });
  }, EXPIRY_MS).unref();
  return {
    ...stores,
    expire,
    async close() {
      clearInterval(expiry);
      await stores.close();
    },
  };
}

function openElasticsearch(config: Config, now: () => number): Stores {
  const { elasticsearch } = config;
  const { namespace, audit_events, install_templates, bulk_bytes_max } = elasticsearch;
  const client = elasticsearchClient(elasticsearch);
  const planned = plannedTemplates(elasticsearch);
  let prepared = false;
  return {
    async prepare() {
      if (prepared) return;
      await checkServer(client);
      await (install_templates ? installTemplates(client, planned) : verifyTemplates(client, planned));
      prepared = true;
    },
    alerts: new ElasticsearchAlertStore(client, { namespace, bulk_bytes_max }),
    ...(audit_events.enabled && { auditEvents: new AuditEventStream(client, { namespace, bulk_bytes_max }) }),
    async expire() {
      await deleteOldMonths(client, namespace, config.index.retention_days, now());
    },
    close: () => client.close(),
  };
}

function openEmbeddedStore(config: Config, database: string, now: () => number): Stores {
  const connection = openDatabase(database);
  const alerts = new EmbeddedAlertStore(connection);
  return {
    alerts,
    async prepare() {},
    async expire() {
      const before = (now() - config.index.retention_days * DAY_MS) * 1000;
      while (alerts.deleteBefore(before) > 0);
    },
    async close() {
      await alerts.close();
      connection.close();
    },
  };
}

function observerOf(metrics: Metrics): LogObserver {
  return {
    appended: (seconds) => metrics.observe('logAppendSeconds', seconds),
    restored: (stage, seconds) => metrics.observe('restoreSeconds', seconds, { stage }),
    rebalanced: (stage) => metrics.count('rebalances', 1, { stage }),
    restoreLost: (bytes) => metrics.count('logRestoreLostBytes', bytes),
  };
}

interface Parts {
  readonly config: Config;
  readonly log: Log;
  readonly stores: Stores | undefined;
  readonly rules: RulesInForce;
  readonly metrics: Metrics;
  readonly now: () => number;
  readonly clock: Clock | undefined;
}

async function runStages(role: Role, parts: Parts): Promise<Stage[]> {
  const { config, log, stores, rules, metrics, now, clock } = parts;
  switch (role) {
    case 'detect': {
      const limits = { ...config.receive, ...config.detect, ...config.correlate };
      const newDetector = (): Detector => {
        return new Detector(rules.current, limits, (limit) =>
          metrics.count('detectLimitReached', 1, { limit }),
        );
      };
      return [await runDetect(log, newDetector, () => rules.current, metrics, now)];
    }
    case 'correlate': {
      const plan = () => rules.current.behaviours(config.correlate.suppress_seconds);
      const newCorrelator = (): Correlator =>
        new Correlator(plan(), config.correlate, (limit) => {
          metrics.count('correlateLimitReached', 1, { limit });
          if (limit === 'groups_max') metrics.count('correlateEvictions', 1);
        });
      return [await runCorrelate(log, newCorrelator, plan, metrics, now, clock)];
    }
    case 'index': {
      const { alerts, auditEvents, prepare } = stores!;
      const limits = { ...config.correlate, ...config.index };
      const span = () => longestAlert(rules.current.behaviours(config.correlate.suppress_seconds));
      const newKeeper = (): IncidentKeeper =>
        new IncidentKeeper(limits, span, (limit) => metrics.count('indexLimitReached', 1, { limit }));
      return [
        await runIndex(log, { store: alerts, prepare }, newKeeper, metrics, now),
        ...(auditEvents ? [await runIndexAuditEvents(log, { store: auditEvents, prepare }, metrics)] : []),
      ];
    }
    default:
      return [];
  }
}
