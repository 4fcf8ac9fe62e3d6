import type { AlertStore } from '../index/port.ts';
import { alertFromEntry } from '../log/codec.ts';
import type { Consumer, Log } from '../log/port.ts';
import type { Alert } from '../record/alert.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Runs the index stage: alerts from the log into the alert store. */
export function runIndex(log: Log, store: AlertStore, metrics: Metrics): Promise<Consumer> {
  return log.consume('alerts', 'index', {
    async process({ entries }) {
      // Of several revisions in one batch only the last needs to be written.
      const latest = new Map<string, Alert>();
      for (const entry of entries) latest.set(entry.key, alertFromEntry(entry));
      await store.put([...latest.values()]);
      metrics.count('indexAlerts', latest.size);
      return undefined;
    },
  });
}
