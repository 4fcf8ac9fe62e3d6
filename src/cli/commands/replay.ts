import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Stages, startStages } from '../../app.ts';
import { flag } from '../../config/load.ts';
import { type Config, ROLES } from '../../config/schema.ts';
import { detectionsOf } from '../../detect/rule-options.ts';
import { GatewatchError } from '../../errors.ts';
import type { AlertQuery } from '../../index/port.ts';
import { signalFromEntry } from '../../log/codec.ts';
import { findFiles, type SourceFile } from '../../receive/files/read.ts';
import { store } from '../../receive/store.ts';
import type { Alert } from '../../record/alert.ts';
import type { Signal } from '../../record/signal.ts';
import { Metrics } from '../../telemetry/metrics.ts';
import { addConfigOptions, type ConfigOptions, configFrom } from '../config-options.ts';
import { readFiles } from '../reading.ts';
import { visible } from '../visible.ts';

interface ReplayOptions extends ConfigOptions {
  readonly format: string;
  readonly cluster: string;
  readonly rules?: string;
  readonly signals?: true;
}

/** Adds `gatewatch replay`. */
export function addReplayCommand(program: Command): void {
  addConfigOptions(program.command('replay'))
    .description(
      'run files of audit events and admission reviews through the very same stages, and print the alerts',
    )
    .argument(
      '<path...>',
      'files or folders: JSON lines, EventLists, AdmissionReviews, what clouds store of them; plain or .gz',
    )
    .option('--format <format>', 'ndjson (one document a line) or text (one sentence a line)', 'text')
    .option('--cluster <name>', 'cluster that the events belong to', 'replay')
    .option('--rules <folder>', 'rules instead of the shipped ones')
    .option('--signals', 'print the matches of single rules instead of alerts')
    .action((paths: string[], options: ReplayOptions) => replay(paths, options));
}

/** Alerts printed from one page of the store. */
const PAGE = 500;

async function replay(paths: readonly string[], options: ReplayOptions): Promise<void> {
  if (options.format !== 'ndjson' && options.format !== 'text') {
    throw new GatewatchError('USAGE_INVALID', `Unknown format ${options.format}: ndjson or text.`, {
      where: '--format',
    });
  }
  const config = configFrom(options, options.rules ? [flag('--rules', 'detect.rules', [options.rules])] : []);
  const files = await findFiles(paths);
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-replay-'));
  const metrics = new Metrics();
  metrics.bound('cluster', [options.cluster]);
  const stages = await startStages(wholeHistory(config), { database: join(folder, 'replay.db'), metrics });
  try {
    stages.closed.catch(() => {}); // `drained` rejects with the same error
    const signals = options.signals ? await collectSignals(stages) : undefined;
    const summary = await feed(files, stages, config, options, metrics);
    await stages.drained();
    if (signals) {
      await signals.drained();
      for (const signal of signals.all()) print(JSON.stringify(signalLine(signal, stages)));
      note(`${summary}: ${signals.all().length} signals.`);
    } else {
      const count = await printAlerts(stages, options.format);
      note(`${summary}: ${count} alerts.`);
    }
  } finally {
    await stages.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A replay has all of its history before it: nothing is too late, nothing has to be let go. */
function wholeHistory(config: Config): Config {
  return {
    ...config,
    correlate: { ...config.correlate, lateness_seconds: Number.MAX_SAFE_INTEGER },
    detect: { ...config.detect, reload_seconds: 0 },
    log: { retention_hours: Number.POSITIVE_INFINITY, bytes_max: Number.POSITIVE_INFINITY },
    // Whatever the stages of the configuration run on, a replay leaves it alone.
    roles: [...ROLES],
    kafka: { ...config.kafka, brokers: [] },
    elasticsearch: { ...config.elasticsearch, nodes: [], cloud_id: undefined },
  };
}

async function feed(
  files: readonly SourceFile[],
  stages: Stages,
  config: Config,
  { cluster }: ReplayOptions,
  metrics: Metrics,
): Promise<string> {
  let records = 0;
  let rejected = 0;
  for await (const { origin, parsed } of readFiles(files, cluster, config.receive)) {
    records += parsed.records.length;
    rejected += parsed.rejected.length;
    for (const { code, where, what } of parsed.rejected.slice(0, 10)) note(`${code} at ${where}: ${what}`);
    await store(stages.log, metrics, origin, 'file', parsed);
  }
  return `${files.length} files, ${records} records, ${rejected} rejected`;
}

async function printAlerts(stages: Stages, format: string): Promise<number> {
  let count = 0;
  let query: AlertQuery = { sort: 'time', order: 'asc', limit: PAGE };
  for (;;) {
    const { alerts, next } = await stages.alerts!.find(query);
    for (const alert of alerts) print(format === 'ndjson' ? JSON.stringify(alert) : textLine(alert));
    count += alerts.length;
    if (next === undefined) return count;
    query = { ...query, cursor: next };
  }
}

function textLine(alert: Alert): string {
  const id = alert.gatewatch.detection_id ? ` ${alert.gatewatch.detection_id}` : '';
  return `${alert['@timestamp']} ${alert.gatewatch.level.toUpperCase()}${id} ${alert.rule.name}: ${visible(alert.message)}`;
}

/** Collects what rules matched, each match once, as its last stage left it. */
async function collectSignals(stages: Stages) {
  const latest = new Map<string, Signal>();
  const silent = stages.rules.set.silent;
  const consumer = await stages.log.consume('signals', 'replay', {
    async process({ entries }) {
      for (const entry of entries) {
        const signal = signalFromEntry(entry);
        const known = latest.get(signal.id);
        if (!silent.has(signal.rule) && (!known || signal.rank > known.rank)) latest.set(signal.id, signal);
      }
      return undefined;
    },
  });
  return { drained: () => consumer.drained(), all: () => [...latest.values()] };
}

function signalLine({ rule, admission, evidence }: Signal, stages: Stages): object {
  const { id, title, level, tags } = stages.rules.set.rules.find((one) => one.id === rule)!;
  const [detection] = detectionsOf(tags);
  return {
    rule: { id, name: title, level },
    gatewatch: {
      ...(detection ? { detection_id: detection } : {}),
      outcome: admission.outcome,
      evidence: [
        { audit_id: evidence.audit_id ?? evidence.record_id, stage: evidence.stage, time: evidence.time },
      ],
    },
  };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
