import type { Threshold } from '../../detect/sigma/model.ts';
import { type Decimal, fractionTest, numberIn } from './decimal.ts';
import type { Kind } from './kind.ts';
import { firstPosition } from './search.ts';

/**
 * Sigma correlation rules specification, `value_percentile`, and pySigma's `value_median`, which is the 50th: of the numbers in a field,
 * between two of them in proportion. Where there is none, nothing holds.
 * @param percentile whole, 0 (the least) to 100 (the greatest)
 */
export function valuePercentile(
  timespan: number,
  threshold: Threshold,
  field: string,
  percentile: number,
): Kind {
  const holds = fractionTest(threshold);
  return {
    timespan,
    newTally() {
      const sorted: Decimal[] = [];
      const placeOf = (number: Decimal) => firstPosition(sorted, (each) => each >= number);
      return {
        add(match) {
          const number = numberIn(match, field);
          if (number !== undefined) sorted.splice(placeOf(number), 0, number);
        },
        remove(match) {
          const number = numberIn(match, field);
          if (number !== undefined) sorted.splice(placeOf(number), 1);
        },
        holds() {
          if (sorted.length === 0) return false;
          // In hundredths of the way from one number to the next.
          const rank = percentile * (sorted.length - 1);
          const below = sorted[Math.floor(rank / 100)]!;
          const above = sorted[Math.ceil(rank / 100)]!;
          return holds(below * 100n + (above - below) * BigInt(rank % 100), 100n);
        },
      };
    },
  };
}
