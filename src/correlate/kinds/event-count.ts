import type { Threshold } from '../../detect/sigma/model.ts';
import type { Kind } from './kind.ts';
import { countMeets } from './threshold.ts';

/** Sigma correlation rules specification, "Event Count". @param timespan microseconds, as for all kinds */
export function eventCount(timespan: number, threshold: Threshold): Kind {
  return {
    timespan,
    newTally() {
      let count = 0;
      return {
        add(match) {
          if (match.counts) count++;
        },
        remove(match) {
          if (match.counts) count--;
        },
        holds: () => countMeets(threshold, count),
      };
    },
  };
}
