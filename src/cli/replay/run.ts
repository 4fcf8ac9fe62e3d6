import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Stages, startStages } from '../../app.ts';
import { type Config, ROLES } from '../../config/schema.ts';
import type { AlertFilter, AlertQuery } from '../../index/port.ts';
import { recordToEntry } from '../../log/codec.ts';
import type { Alert } from '../../record/alert.ts';
import { Metrics } from '../../telemetry/metrics.ts';
import { isBefore, isWithin, type Period } from './period.ts';
import type { Source } from './sources.ts';

/** What is run through the stages, and of what period. */
export interface Recorded {
  readonly source: Source;
  readonly period: Period;
}

/** Stages through which everything has gone. */
export interface Replayed {
  readonly stages: Stages;
  /** What was read. */
  readonly summary: string;
  /** The alerts of the period, in the order of time. */
  alerts(): AsyncIterable<Alert>;
}

/**
 * Runs recorded events through the very same stages, on a database of its own that is gone afterwards.
 * @param listen called before the first event is read
 * @param use called once everything has gone through
 * @throws FILE_UNREADABLE, RULE_*, LIST_INVALID; an event that cannot be taken is named by `note`
 */
export async function replayed<Heard, Result>(
  recorded: Recorded,
  config: Config,
  note: (line: string) => void,
  listen: (stages: Stages) => Promise<Heard>,
  use: (replayed: Replayed, heard: Heard) => Promise<Result>,
): Promise<Result> {
  const { source, period } = recorded;
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-replay-'));
  const database = join(folder, 'replay.db');
  const stages = await startStages(wholeHistory(config), { database, metrics: new Metrics(), clockMs: 0 });
  try {
    stages.closed.catch(() => {}); // `drained` rejects with the same error
    const heard = await listen(stages);
    let count = 0;
    let rejected = 0;
    for await (const parsed of source.read()) {
      const records = parsed.records.filter((record) => isBefore(period, record));
      count += records.length;
      rejected += parsed.rejected.length;
      for (const { code, where, what } of parsed.rejected.slice(0, 10)) note(`${code} at ${where}: ${what}`);
      await stages.log.append('records', records.map(recordToEntry));
    }
    await stages.drained();
    const read = `${source.name}, ${count} records, ${rejected} rejected`;
    const summary = `${read}${await exceptedIn(stages, period)}`;
    return await use({ stages, summary, alerts: () => alertsOf(stages, period) }, heard);
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

/** Alerts read from one page of the store. */
const PAGE = 500;

async function* alertsOf(stages: Stages, period: Period, filter: AlertFilter = {}): AsyncGenerator<Alert> {
  for (let query: AlertQuery | undefined = { ...filter, sort: 'time', order: 'asc', limit: PAGE }; query; ) {
    const { alerts, next } = await stages.alerts!.find(query);
    yield* alerts.filter((alert) => isWithin(period, alert));
    query = next === undefined ? undefined : { ...query, cursor: next };
  }
}

/** How many matches of the period exceptions took away, and which; nothing where there are none. */
async function exceptedIn(stages: Stages, period: Period): Promise<string> {
  if (stages.rules.exceptions.length === 0) return '';
  const counts = new Map(stages.rules.exceptions.map(({ id, title }) => [id, { title, count: 0 }]));
  for await (const { gatewatch } of alertsOf(stages, period, { status: ['closed'] })) {
    const known = counts.get(gatewatch.exception?.id ?? '');
    if (known) known.count += gatewatch.count;
  }
  const hits = [...counts.values()].filter(({ count }) => count > 0);
  const sum = hits.reduce((total, { count }) => total + count, 0);
  const each = hits.map(({ title, count }) => `${title}: ${count}`).join('; ');
  return `, ${sum} matches excepted${each && ` (${each})`}`;
}
