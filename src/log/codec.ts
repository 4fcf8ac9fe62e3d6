import type { Alert } from '../record/alert.ts';
import { contentId, RECORD_FORMAT, type ReceivedRecord, type RecordKind } from '../record/record.ts';
import type { Signal } from '../record/signal.ts';
import type { LogEntry } from './port.ts';

/** A record as an entry of the topic `records`: its bytes are the value, what the receiver learnt are headers. */
export function recordToEntry(record: ReceivedRecord): LogEntry {
  const headers: Record<string, string> = {
    kind: record.kind,
    cluster: record.cluster,
    id: record.id,
    received: String(record.receivedMs),
    format: String(RECORD_FORMAT),
  };
  if (record.bodies.length > 0) headers.bodies = record.bodies.join(',');
  if (record.redacted.length > 0) headers.redacted = record.redacted.join(' ');
  return { key: record.key, value: record.bytes, headers };
}

/** The record that `recordToEntry` wrote. Nothing else writes to the topic, so a missing header is a defect, not input. */
export function recordFromEntry(entry: LogEntry): ReceivedRecord {
  const { headers } = entry;
  return {
    kind: headers.kind as RecordKind,
    cluster: headers.cluster ?? '',
    key: entry.key,
    id: headers.id ?? '',
    receivedMs: Number(headers.received),
    bytes: entry.value,
    bodies: headers.bodies ? headers.bodies.split(',').map(Number) : [],
    redacted: headers.redacted ? headers.redacted.split(' ') : [],
  };
}

/** A signal as an entry of the topic `signals`, keyed so that all of one correlation group meet. */
export function signalToEntry(signal: Signal): LogEntry {
  const key = contentId(signal.target, signal.cluster, ...signal.group);
  return { key, value: Buffer.from(JSON.stringify(signal)), headers: {} };
}

export function signalFromEntry(entry: LogEntry): Signal {
  return JSON.parse(entry.value.toString());
}

/** An alert as an entry of the topic `alerts`, keyed by its id. */
export function alertToEntry(alert: Alert): LogEntry {
  return { key: alert.event.id, value: Buffer.from(JSON.stringify(alert)), headers: {} };
}

export function alertFromEntry(entry: LogEntry): Alert {
  return JSON.parse(entry.value.toString());
}
