import { setTimeout as sleep } from 'node:timers/promises';
import { GatewatchError } from '../errors.ts';
import type { AlertStore } from '../index/port.ts';
import { alertFromEntry } from '../log/codec.ts';
import type { Consumer, Log } from '../log/port.ts';
import type { Alert } from '../record/alert.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Pause before a store that could not take alerts is tried again, milliseconds. The log keeps the place meanwhile. */
const RETRY_MS = 1000;

/** What time alone may mend. */
const TRANSIENT = new Set(['LOG_FULL', 'LOG_UNAVAILABLE']);

/** Runs the index stage: alerts from the log into the alert store. */
export function runIndex(log: Log, store: AlertStore, metrics: Metrics): Promise<Consumer> {
  return log.consume('alerts', 'index', {
    async process({ entries }) {
      // Of several revisions in one batch only the last needs to be written.
      const latest = new Map<string, Alert>();
      for (const entry of entries) latest.set(entry.key, alertFromEntry(entry));
      await putWithPatience(store, [...latest.values()]);
      metrics.count('indexAlerts', latest.size);
      return undefined;
    },
  });
}

async function putWithPatience(store: AlertStore, alerts: readonly Alert[]): Promise<void> {
  for (;;) {
    try {
      return await store.put(alerts);
    } catch (error) {
      if (!(error instanceof GatewatchError && TRANSIENT.has(error.code))) throw error;
      await sleep(RETRY_MS);
    }
  }
}
