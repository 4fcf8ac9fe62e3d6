import type { Correlator } from '../correlate/correlator.ts';
import type { Plan } from '../correlate/plan.ts';
import { alertToEntry, signalFromEntry } from '../log/codec.ts';
import type { Log, LogEntry } from '../log/port.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { baselineFrom, changeToEntry } from './baselines.ts';
import { type Clock, runClock } from './clock.ts';
import { deadLetter } from './dead-letter.ts';
import { Patience } from './patience.ts';
import { type Stage, stageOf } from './stage.ts';

/**
 * Runs the correlate stage: signals in, alerts and what baselines remember out. Each partition has a correlator of its own. When a partition is
 * assigned, what its open groups rest on is read again first, and nothing is said meanwhile.
 * @param plan that of the rules in force, which may be another with each batch
 * @param clock absent for a recording, which does not fall silent when it ends
 */
export async function runCorrelate(
  log: Log,
  newCorrelator: () => Correlator,
  plan: () => Plan,
  metrics: Metrics,
  now: () => number,
  clock: Clock | undefined,
): Promise<Stage> {
  const correlators = new Map<number, Correlator>();
  const patience = new Patience();
  const consumer = await log.consume('signals', 'correlate', {
    async assigned(partition) {
      const correlator = newCorrelator();
      for (const entry of await log.table('baselines', partition)) correlator.restore(baselineFrom(entry));
      correlators.set(partition, correlator);
    },
    revoked(partition) {
      correlators.delete(partition);
    },
    async process({ partition, entries, restoring }) {
      const correlator = correlators.get(partition)!;
      correlator.use(plan());
      const dead: LogEntry[] = [];
      let latest: number | undefined;
      for (const entry of entries) {
        try {
          const signal = signalFromEntry(entry);
          correlator.add(signal, entry.offset);
          latest = signal.time ?? latest;
        } catch (error) {
          dead.push(deadLetter('signals', entry, error));
        }
      }
      const spoken = correlator.take();
      if (!restoring) {
        await patience.until(() =>
          Promise.all([
            log.append(
              'alerts',
              spoken.map(({ alert }) => alertToEntry(alert)),
            ),
            log.append('dead-letters', dead),
          ]),
        );
        // Only now: what is remembered is not told again.
        const learnt = correlator.learnt().map(changeToEntry);
        await patience.until(() => log.append('baselines', learnt));
        for (const { alert, isNew } of spoken) {
          const { level: severity, outcome } = alert.gatewatch;
          if (isNew) metrics.count('alerts', 1, { severity, outcome });
        }
        for (const { headers } of dead) metrics.count('deadLetters', 1, { code: headers.code! });
        if (latest !== undefined)
          metrics.set('eventTimeLagSeconds', now() / 1000 - latest / 1e6, { stage: 'correlate' });
      }
      let groups = 0;
      for (const each of correlators.values()) groups += each.groups;
      metrics.set('correlateGroups', groups);
      const { restoreFrom } = correlator;
      return restoreFrom === undefined ? undefined : { restoreFrom };
    },
  });
  if (clock) void runClock(log, consumer, correlators, metrics, now, clock);
  return stageOf('correlate', consumer, patience);
}
