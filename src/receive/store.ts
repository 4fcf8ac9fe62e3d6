import { recordToEntry } from '../log/codec.ts';
import type { LogAppender, LogEntry } from '../log/port.ts';
import { ENGINES } from '../record/engine.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Origin, Parsed, Rejection } from './parsed.ts';

/** Ways in, as metrics label them. */
const INPUTS = ['audit', 'admission', ...ENGINES, 'file'] as const;
export type Input = (typeof INPUTS)[number];

export function isInput(name: string): name is Input {
  return (INPUTS as readonly string[]).includes(name);
}

/**
 * Puts what an input parsed into the log: records where the stages read them, the rest into dead letters with its reason.
 * Resolves when both are durable; rejects with the log's error, and then the sender has to send again.
 */
export async function store(
  log: LogAppender,
  metrics: Metrics,
  origin: Origin,
  input: Input,
  parsed: Parsed,
): Promise<void> {
  await Promise.all([
    parsed.records.length > 0 ? log.append('records', parsed.records.map(recordToEntry)) : undefined,
    parsed.rejected.length > 0
      ? log.append(
          'dead-letters',
          parsed.rejected.map((rejection) => deadLetter(rejection, origin, input)),
        )
      : undefined,
  ]);
  for (const { kind, cluster, redacted } of parsed.records) {
    metrics.count('receiveRecords', 1, { kind, cluster });
    if (redacted.length > 0) metrics.count('receiveRedacted', 1);
  }
  for (const { code } of parsed.rejected) metrics.count('deadLetters', 1, { code });
}

function deadLetter({ code, where, what, bytes }: Rejection, origin: Origin, input: Input): LogEntry {
  const { cluster, receivedMs } = origin;
  const headers = { code, where, what, cluster, input, received: String(receivedMs) };
  return { key: `${cluster}/`, value: bytes, headers };
}
