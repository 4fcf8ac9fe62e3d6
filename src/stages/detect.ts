import { setImmediate as othersTurn } from 'node:timers/promises';
import type { Detector } from '../detect/detector.ts';
import { Posture } from '../detect/namespace/posture.ts';
import { GatewatchError } from '../errors.ts';
import { recordFromEntry, signalToEntry } from '../log/codec.ts';
import type { Consumer, DeliveredEntry, Log, LogEntry } from '../log/port.ts';
import type { Signal } from '../record/signal.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Records after which appends waiting on the same thread get their turn: half a millisecond or so. */
const YIELD_EVERY = 16;

/** Runs the detect stage: records in; signals, namespaces' postures and dead letters out. */
export function runDetect(
  log: Log,
  detector: Detector,
  metrics: Metrics,
  now: () => number,
): Promise<Consumer> {
  return log.consume('records', 'detect', {
    async assigned(partition) {
      detector.reset();
      for (const { key, value } of await log.table('namespaces', partition)) {
        detector.restore(key, new Posture(JSON.parse(value.toString())));
      }
    },
    async process({ entries }) {
      const signals: Signal[] = [];
      const postures = new Map<string, LogEntry>();
      const dead: LogEntry[] = [];
      for (const [index, entry] of entries.entries()) {
        if (index % YIELD_EVERY === YIELD_EVERY - 1) await othersTurn();
        try {
          const record = recordFromEntry(entry);
          const detection = detector.detect(record);
          signals.push(...detection.signals);
          if (detection.posture) {
            const value = Buffer.from(JSON.stringify(detection.posture.entries));
            postures.set(entry.key, { key: entry.key, value, headers: {} });
          }
        } catch (error) {
          dead.push(deadLetter(entry, error));
        }
      }
      // Whatever of this is done twice after a crash changes nothing: signals and postures carry content identities.
      await Promise.all([
        log.append('signals', signals.map(signalToEntry)),
        log.append('namespaces', [...postures.values()]),
        log.append('dead-letters', dead),
      ]);
      metrics.count('detectRecords', entries.length);
      for (const { rule } of signals) metrics.count('detectSignals', 1, { rule });
      for (const { headers } of dead) metrics.count('deadLetters', 1, { code: headers.code! });
      const latest = signals.at(-1)?.time;
      if (latest !== undefined)
        metrics.set('eventTimeLagSeconds', now() / 1000 - latest / 1e6, { stage: 'detect' });
      return undefined;
    },
  });
}

function deadLetter(entry: DeliveredEntry, thrown: unknown): LogEntry {
  const error =
    thrown instanceof GatewatchError
      ? thrown
      : new GatewatchError('INTERNAL', `Detection failed: ${String(thrown)}.`, { cause: thrown });
  const where = error.where ?? `records@${entry.offset}`;
  // The record's own headers stay, so that a retry puts it back as it was.
  return { ...entry, headers: { ...entry.headers, code: error.code, where, what: error.message } };
}
