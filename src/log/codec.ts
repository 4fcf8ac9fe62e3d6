import { GatewatchError } from '../errors.ts';
import type { Alert } from '../record/alert.ts';
import { RECORD_FORMAT, type ReceivedRecord, type RecordKind } from '../record/record.ts';
import { type Signal, signalKey } from '../record/signal.ts';
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

/**
 * The record that `recordToEntry` wrote.
 * @throws ENTRY_FORMAT_UNKNOWN: a newer version wrote it; ENTRY_UNREADABLE: something else did
 */
export function recordFromEntry(entry: LogEntry): ReceivedRecord {
  const { headers } = entry;
  const { kind, cluster, id, received, format } = headers;
  if (!kind || !cluster || !id || !received || !format) {
    const missing = ['kind', 'cluster', 'id', 'received', 'format'].filter((name) => !headers[name]);
    throw new GatewatchError('ENTRY_UNREADABLE', `A record without the header ${missing.join(', ')}.`);
  }
  if (format !== String(RECORD_FORMAT)) {
    const what = `The record has format ${format.slice(0, 20)}; this version reads ${RECORD_FORMAT}.`;
    throw new GatewatchError('ENTRY_FORMAT_UNKNOWN', what);
  }
  return {
    kind: kind as RecordKind,
    cluster,
    key: entry.key,
    id,
    receivedMs: Number(received),
    bytes: entry.value,
    bodies: headers.bodies ? headers.bodies.split(',').map(Number) : [],
    redacted: headers.redacted ? headers.redacted.split(' ') : [],
  };
}

/** A signal as an entry of the topic `signals`. */
export function signalToEntry(signal: Signal): LogEntry {
  return { key: signalKey(signal), value: Buffer.from(JSON.stringify(signal)), headers: {} };
}

/** @throws ENTRY_UNREADABLE */
export function signalFromEntry(entry: LogEntry): Signal {
  const signal = parse(entry) as Partial<Signal> | null;
  if (typeof signal?.id !== 'string' || typeof signal.target !== 'string' || !signal.facts) {
    throw new GatewatchError('ENTRY_UNREADABLE', 'The entry is JSON but not a signal.');
  }
  return signal as Signal;
}

/** Stands between the cluster of an alert and its id. */
const ALERT_KEY_SEPARATOR = '\u0000';

/**
 * An alert as an entry of the topic `alerts`. All alerts of a cluster are in one partition, because who an alert is about, and so which incident
 * it is in, may change with a later version.
 */
export function alertToEntry(alert: Alert): LogEntry {
  const key = [alert.orchestrator.cluster.name, alert.event.id].join(ALERT_KEY_SEPARATOR);
  return { key, value: Buffer.from(JSON.stringify(alert)), headers: {} };
}

/** @throws ENTRY_UNREADABLE */
export function alertFromEntry(entry: LogEntry): Alert {
  const alert = parse(entry) as Partial<Alert> | null;
  if (
    typeof alert?.event?.id !== 'string' ||
    typeof alert.gatewatch?.version !== 'number' ||
    typeof alert.orchestrator?.cluster?.name !== 'string'
  ) {
    throw new GatewatchError('ENTRY_UNREADABLE', 'The entry is JSON but not an alert.');
  }
  return alert as Alert;
}

function parse({ value }: LogEntry): unknown {
  try {
    return JSON.parse(value.toString());
  } catch (cause) {
    throw new GatewatchError('ENTRY_UNREADABLE', `The entry is not JSON: ${(cause as Error).message}.`, {
      cause,
    });
  }
}
