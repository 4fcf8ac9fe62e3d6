import type { Threshold } from '../../detect/sigma/model.ts';
import { fractionTest, numberIn } from './decimal.ts';
import type { Kind } from './kind.ts';

function valueTotal(timespan: number, threshold: Threshold, field: string, isAverage: boolean): Kind {
  const holds = fractionTest(threshold);
  return {
    timespan,
    newTally() {
      let sum = 0n;
      let count = 0n;
      return {
        add(match) {
          const number = numberIn(match, field);
          if (number === undefined) return;
          sum += number;
          count++;
        },
        remove(match) {
          const number = numberIn(match, field);
          if (number === undefined) return;
          sum -= number;
          count--;
        },
        holds: () => count > 0n && holds(sum, isAverage ? count : 1n),
      };
    },
  };
}

/** Sigma correlation rules specification, `value_sum`: the sum of the numbers in a field. Where there is none, nothing holds. */
export function valueSum(timespan: number, threshold: Threshold, field: string): Kind {
  return valueTotal(timespan, threshold, field, false);
}

/** Sigma correlation rules specification, `value_avg`: the mean of the numbers in a field. Where there is none, nothing holds. */
export function valueAverage(timespan: number, threshold: Threshold, field: string): Kind {
  return valueTotal(timespan, threshold, field, true);
}
