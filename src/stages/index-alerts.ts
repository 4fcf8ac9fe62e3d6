import type { IncidentKeeper } from '../correlate/incidents/keeper.ts';
import type { AlertStore } from '../index/port.ts';
import { alertFromEntry, alertToEntry } from '../log/codec.ts';
import type { DeliveredEntry, Log, LogEntry } from '../log/port.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { deadLetter } from './dead-letter.ts';
import { Patience } from './patience.ts';
import { type Stage, stageOf } from './stage.ts';

/** Where a stage writes. */
export interface Output<Store> {
  readonly store: Store;
  /** Makes the store ready for writing; called until it resolves, and before anything is written. */
  prepare(): Promise<void>;
}

/**
 * Runs the index stage: alerts from the log into the alert store, each with the incident that it is in, and those again whose incident another one
 * has changed. Each partition has a keeper of its own. When a partition is assigned, what its open incidents rest on is read again first, and
 * nothing is written meanwhile.
 */
export async function runIndex(
  log: Log,
  { store, prepare }: Output<AlertStore>,
  newKeeper: () => IncidentKeeper,
  metrics: Metrics,
  now: () => number,
): Promise<Stage> {
  const keepers = new Map<number, IncidentKeeper>();
  const patience = new Patience();
  const prepared = patience.until(prepare);
  prepared.catch(() => {}); // told by the first batch
  const consumer = await log.consume('alerts', 'index', {
    async assigned(partition) {
      keepers.set(partition, newKeeper());
    },
    revoked(partition) {
      keepers.delete(partition);
    },
    async process({ partition, entries, restoring }) {
      await prepared;
      const keeper = keepers.get(partition)!;
      const dead: LogEntry[] = [];
      const entryOf = new Map<string, DeliveredEntry>();
      let latest: string | undefined;
      for (const entry of entries) {
        try {
          const alert = alertFromEntry(entry);
          keeper.add(alert, entry.offset);
          entryOf.set(alert.event.id, entry);
          latest = alert['@timestamp'];
        } catch (error) {
          dead.push(deadLetter('alerts', entry, error));
        }
      }
      // Of several revisions in one batch only the latest.
      const alerts = keeper.take();
      if (!restoring) {
        for (const { alert, error } of await patience.until(() => store.put(alerts))) {
          const entry = entryOf.get(alert.event.id) ?? { ...alertToEntry(alert), offset: entries[0]!.offset };
          dead.push(deadLetter('alerts', entry, error));
        }
        await patience.until(() => log.append('dead-letters', dead));
        metrics.count('indexAlerts', alerts.length);
        for (const { headers } of dead) metrics.count('deadLetters', 1, { code: headers.code! });
        if (latest !== undefined) {
          const lag = (now() - Date.parse(latest)) / 1000;
          metrics.set('eventTimeLagSeconds', lag, { stage: 'index' });
        }
      }
      let held = 0;
      for (const each of keepers.values()) held += each.alerts;
      metrics.set('indexIncidentAlerts', held);
      const { restoreFrom } = keeper;
      return restoreFrom === undefined ? undefined : { restoreFrom };
    },
  });
  return stageOf('index', consumer, patience);
}
