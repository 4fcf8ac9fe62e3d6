import { setImmediate as othersTurn } from 'node:timers/promises';
import type { Detector, DetectorRules } from '../detect/detector.ts';
import { recordFromEntry, signalToEntry } from '../log/codec.ts';
import type { Log, LogEntry } from '../log/port.ts';
import type { Signal } from '../record/signal.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { deadLetter } from './dead-letter.ts';
import { changeFromEntry, changeToEntry } from './memory.ts';
import { Patience } from './patience.ts';
import { type Stage, stageOf } from './stage.ts';

/** Records after which appends waiting on the same thread get their turn: half a millisecond or so. */
const YIELD_EVERY = 16;

/**
 * Runs the detect stage: records in; signals, what was learnt and dead letters out. Each partition has a detector of its own. When a partition is assigned,
 * the records that may have to be looked at again are read again first, and nothing is said meanwhile.
 * @param rules those in force, which may be others with each batch
 */
export async function runDetect(
  log: Log,
  newDetector: () => Detector,
  rules: () => DetectorRules,
  metrics: Metrics,
  now: () => number,
): Promise<Stage> {
  const detectors = new Map<number, Detector>();
  const patience = new Patience();
  const consumer = await log.consume('records', 'detect', {
    async assigned(partition) {
      const detector = newDetector();
      const table = await log.table('namespaces', partition);
      detector.restore(table.flatMap((entry) => changeFromEntry(entry) ?? []));
      detectors.set(partition, detector);
    },
    revoked(partition) {
      detectors.delete(partition);
    },
    async process({ partition, entries, restoring }) {
      const detector = detectors.get(partition)!;
      detector.use(rules());
      const signals: Signal[] = [];
      const learnt = new Map<string, LogEntry>();
      const dead: LogEntry[] = [];
      let latest: number | undefined;
      for (const [index, entry] of entries.entries()) {
        if (index % YIELD_EVERY === YIELD_EVERY - 1) await othersTurn();
        try {
          const detection = detector.detect(recordFromEntry(entry), entry.offset);
          // Not asked of every record: most are never decoded as far as that.
          if (index === entries.length - 1) latest = detection.view.request.time;
          signals.push(...detection.signals);
          for (const change of detection.learnt.map(changeToEntry)) learnt.set(change.key, change);
        } catch (error) {
          dead.push(deadLetter('records', entry, error));
        }
      }
      const { restoreFrom } = detector;
      const progress = restoreFrom === undefined ? undefined : { restoreFrom };
      if (restoring) return progress;
      // Whatever of this is done twice after a crash changes nothing: signals and what was learnt carry content identities.
      await patience.until(() =>
        Promise.all([log.append('signals', signals.map(signalToEntry)), log.append('dead-letters', dead)]),
      );
      // Only now: what is known already makes nothing be looked at again.
      await patience.until(() => log.append('namespaces', [...learnt.values()]));
      metrics.count('detectRecords', entries.length);
      for (const { rule, excepted, withdrawn } of signals) {
        if (withdrawn) continue;
        metrics.count('detectSignals', 1, { rule });
        if (excepted) metrics.count('exceptionHits', 1, { exception: excepted.by });
      }
      for (const { headers } of dead) metrics.count('deadLetters', 1, { code: headers.code! });
      if (latest !== undefined)
        metrics.set('eventTimeLagSeconds', now() / 1000 - latest / 1e6, { stage: 'detect' });
      return progress;
    },
  });
  return stageOf('detect', consumer, patience);
}
