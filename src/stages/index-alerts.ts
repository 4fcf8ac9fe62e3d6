import type { AlertStore } from '../index/port.ts';
import { alertFromEntry } from '../log/codec.ts';
import type { DeliveredEntry, Log, LogEntry } from '../log/port.ts';
import type { Alert } from '../record/alert.ts';
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

/** Runs the index stage: alerts from the log into the alert store. */
export async function runIndex(
  log: Log,
  { store, prepare }: Output<AlertStore>,
  metrics: Metrics,
  now: () => number,
): Promise<Stage> {
  const patience = new Patience();
  const prepared = patience.until(prepare);
  prepared.catch(() => {}); // told by the first batch
  const consumer = await log.consume('alerts', 'index', {
    async process({ entries }) {
      await prepared;
      const dead: LogEntry[] = [];
      // Of several revisions in one batch only the highest needs to be written; it is the last, unless two processes overlapped.
      const latest = new Map<string, { alert: Alert; entry: DeliveredEntry }>();
      for (const entry of entries) {
        try {
          const alert = alertFromEntry(entry);
          const known = latest.get(alert.event.id);
          if (!known || known.alert.gatewatch.version <= alert.gatewatch.version)
            latest.set(alert.event.id, { alert, entry });
        } catch (error) {
          dead.push(deadLetter('alerts', entry, error));
        }
      }
      const alerts = Array.from(latest.values(), ({ alert }) => alert);
      for (const { alert, error } of await patience.until(() => store.put(alerts))) {
        dead.push(deadLetter('alerts', latest.get(alert.event.id)!.entry, error));
      }
      await patience.until(() => log.append('dead-letters', dead));
      metrics.count('indexAlerts', alerts.length);
      for (const { headers } of dead) metrics.count('deadLetters', 1, { code: headers.code! });
      const newest = alerts.at(-1);
      if (newest) {
        const lag = (now() - Date.parse(newest['@timestamp'])) / 1000;
        metrics.set('eventTimeLagSeconds', lag, { stage: 'index' });
      }
      return undefined;
    },
  });
  return stageOf('index', consumer, patience);
}
