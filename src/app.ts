import type { Config } from './config/schema.ts';
import { Correlator } from './correlate/correlator.ts';
import { Detector } from './detect/detector.ts';
import { EmbeddedAlertStore } from './index/embedded/store.ts';
import type { AlertStore } from './index/port.ts';
import { openDatabase } from './log/embedded/database.ts';
import { EmbeddedLog, type EmbeddedLogOptions } from './log/embedded/log.ts';
import type { Consumer, Log } from './log/port.ts';
import { type LoadedRules, loadRules } from './rules/load.ts';
import { runCorrelate } from './stages/correlate.ts';
import { runDetect } from './stages/detect.ts';
import { runIndex } from './stages/index-alerts.ts';
import type { Metrics } from './telemetry/metrics.ts';

/** The stages behind the receiver, running. */
export interface Stages {
  readonly log: EmbeddedLog;
  readonly store: AlertStore;
  readonly rules: LoadedRules;
  /** Rejects when a stage stops because of an error; resolves after `close`. */
  readonly closed: Promise<unknown>;
  /** Resolves when everything appended so far has gone through all stages. */
  drained(): Promise<void>;
  close(): Promise<void>;
}

export interface StagesOptions {
  /** File of the embedded database; `:memory:` for none. */
  readonly database: string;
  readonly metrics: Metrics;
  readonly observe?: EmbeddedLogOptions['observe'];
  /** Wall clock, Unix milliseconds; for lag and retention only. */
  readonly now?: () => number;
}

/**
 * Wires detect, correlate and index to the embedded log and alert store. The only place that knows which stage runs on what.
 * @throws FILE_UNREADABLE, RULE_*, DATABASE_*
 */
export async function startStages(config: Config, options: StagesOptions): Promise<Stages> {
  const { metrics, database, now = Date.now } = options;
  const rules = await loadRules(config.detect.rules);
  metrics.bound(
    'rule',
    rules.set.rules.map((rule) => rule.id),
  );
  const log = new EmbeddedLog(database, {
    retentionHours: config.log.retention_hours,
    bytesMax: config.log.bytes_max,
    groups: { records: ['detect'], signals: ['correlate'], alerts: ['index'] },
    now,
    ...(options.observe ? { observe: options.observe } : {}),
  });
  const connection = openDatabase(database);
  const store = new EmbeddedAlertStore(connection);
  const expiry = setInterval(() => expire(store, config, now()), EXPIRY_MS).unref();
  const [detect, correlate, index] = await connectStages(config, { log, store, rules, metrics, now });
  const consumers = [detect, correlate, index];
  return {
    log,
    store,
    rules,
    closed: Promise.all(consumers.map((consumer) => consumer.closed)),
    async drained() {
      for (const consumer of consumers) await consumer.drained();
    },
    async close() {
      clearInterval(expiry);
      await Promise.all(consumers.map((consumer) => consumer.close()));
      await log.close();
      await store.close();
      connection.close();
    },
  };
}

/**
 * The embedded log as `serve` left it, or has it open: for looking, and for putting back what was refused.
 * @throws DATABASE_*, FILE_UNREADABLE
 */
export function openLog(database: string): EmbeddedLog {
  return new EmbeddedLog(database);
}

/** How often old alerts are deleted, milliseconds. */
const EXPIRY_MS = 3_600_000;

function expire(store: EmbeddedAlertStore, config: Config, nowMs: number): void {
  const before = (nowMs - config.index.retention_days * 86_400_000) * 1000;
  while (store.deleteBefore(before) > 0);
}

interface Parts {
  readonly log: Log;
  readonly store: AlertStore;
  readonly rules: LoadedRules;
  readonly metrics: Metrics;
  readonly now: () => number;
}

async function connectStages(config: Config, parts: Parts): Promise<readonly [Consumer, Consumer, Consumer]> {
  const { log, store, rules, metrics, now } = parts;
  const detector = new Detector(rules.index, rules.targets, {
    ...config.detect,
    event_time_ahead_seconds_max: config.receive.event_time_ahead_seconds_max,
  });
  const behaviours = rules.behaviours(config.correlate.suppress_seconds);
  const correlator = new Correlator(behaviours, config.correlate, (limit) => {
    metrics.count('correlateLimitReached', 1, { limit });
    if (limit === 'groups_max') metrics.count('correlateEvictions', 1);
  });
  return [
    await runDetect(log, detector, metrics, now),
    await runCorrelate(log, correlator, metrics),
    await runIndex(log, store, metrics),
  ];
}
