import type { AuditEventSink } from '../index/port.ts';
import { recordFromEntry } from '../log/codec.ts';
import type { DeliveredEntry, Log, LogEntry } from '../log/port.ts';
import type { ReceivedRecord } from '../record/record.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { deadLetter } from './dead-letter.ts';
import type { Output } from './index-alerts.ts';
import { Patience } from './patience.ts';
import { type Stage, stageOf } from './stage.ts';

/** Runs the second half of the index stage, where it is asked for: audit events from the log into a store of their own. */
export async function runIndexAuditEvents(
  log: Log,
  { store, prepare }: Output<AuditEventSink>,
  metrics: Metrics,
): Promise<Stage> {
  const patience = new Patience();
  const prepared = patience.until(prepare);
  prepared.catch(() => {}); // told by the first batch
  const consumer = await log.consume('records', 'index-audit-events', {
    async process({ entries }) {
      await prepared;
      const dead: LogEntry[] = [];
      const records = new Map<ReceivedRecord, DeliveredEntry>();
      for (const entry of entries) {
        try {
          records.set(recordFromEntry(entry), entry);
        } catch {
          // In dead letters already: the detectors read the same entry.
        }
      }
      for (const { record, error } of await patience.until(() => store.put([...records.keys()]))) {
        dead.push(deadLetter('records', records.get(record)!, error));
      }
      await patience.until(() => log.append('dead-letters', dead));
      metrics.count('indexAuditEvents', records.size - dead.length);
      for (const { headers } of dead) metrics.count('deadLetters', 1, { code: headers.code! });
      return undefined;
    },
  });
  return stageOf('audit-events', consumer, patience);
}
