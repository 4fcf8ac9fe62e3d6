import { setTimeout as sleep } from 'node:timers/promises';
import type { Correlator } from '../correlate/correlator.ts';
import { GatewatchError } from '../errors.ts';
import { alertToEntry } from '../log/codec.ts';
import type { Consumer, Log, LogEntry } from '../log/port.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** How a correlator is told that time passes. */
export interface Clock {
  /** Milliseconds. */
  readonly everyMs: number;
  /** Whether the stages before it have looked at all that has come, as far as they run here. */
  caughtUp(): Promise<boolean>;
}

/**
 * Tells correlators that time passes, for what is alerted because nothing comes: those that have been given all that there is, so that a stage that lags
 * takes nobody for silent. What it makes them say is the same whoever says it, and however often. Resolves after the consumer has closed.
 * @param correlators by partition; those that the process has
 */
export async function runClock(
  log: Log,
  consumer: Consumer,
  correlators: ReadonlyMap<number, Correlator>,
  metrics: Metrics,
  now: () => number,
  { everyMs, caughtUp }: Clock,
): Promise<void> {
  let untold: LogEntry[] = [];
  const tick = async (): Promise<void> => {
    try {
      if (consumer.restoring || !(await caughtUp())) return;
      for (const { partition, entries } of await consumer.lag()) {
        const correlator = correlators.get(partition);
        if (entries > 0 || !correlator) continue;
        correlator.passTime(now());
        for (const { alert, isNew } of correlator.take()) {
          untold.push(alertToEntry(alert));
          const { level: severity, outcome } = alert.gatewatch;
          if (isNew) metrics.count('alerts', 1, { severity, outcome });
        }
      }
      if (untold.length === 0) return;
      const told = untold;
      await log.append('alerts', told);
      untold = untold.slice(told.length);
    } catch (error) {
      // What hinders the log is told by the consumer; the next tick tries again.
      if (!(error instanceof GatewatchError)) throw error;
    }
  };
  let closed = false;
  consumer.closed
    .catch(() => {})
    .finally(() => {
      closed = true;
    });
  for (;;) {
    await sleep(everyMs, undefined, { ref: false });
    if (closed) return;
    await tick();
  }
}
