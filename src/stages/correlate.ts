import type { Correlator } from '../correlate/correlator.ts';
import { alertToEntry, signalFromEntry } from '../log/codec.ts';
import type { Consumer, Log } from '../log/port.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/**
 * Runs the correlate stage: signals in, alerts out. After a restart it first reads again what its open groups rest on, and says
 * nothing meanwhile.
 */
export function runCorrelate(log: Log, correlator: Correlator, metrics: Metrics): Promise<Consumer> {
  return log.consume('signals', 'correlate', {
    async assigned() {
      correlator.reset();
    },
    async process({ entries, restoring }) {
      for (const entry of entries) correlator.add(signalFromEntry(entry), entry.offset);
      const spoken = correlator.take();
      if (!restoring) {
        await log.append(
          'alerts',
          spoken.map(({ alert }) => alertToEntry(alert)),
        );
        for (const { alert, isNew } of spoken) {
          const { level: severity, outcome } = alert.gatewatch;
          if (isNew) metrics.count('alerts', 1, { severity, outcome });
        }
      }
      metrics.set('correlateGroups', correlator.groups);
      const { restoreFrom } = correlator;
      return restoreFrom === undefined ? undefined : { restoreFrom };
    },
  });
}
