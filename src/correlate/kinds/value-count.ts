import type { Threshold } from '../../detect/sigma/model.ts';
import type { Kind } from './kind.ts';
import type { Match } from './match.ts';
import { Occurrences } from './occurrences.ts';
import { countMeets } from './threshold.ts';

/**
 * Sigma correlation rules specification, "Value Count": different values of the fields taken together. A match that lacks one of them shows
 * no value.
 */
export function valueCount(timespan: number, threshold: Threshold, fields: readonly string[]): Kind {
  const shownBy = ({ values }: Match): string | undefined => {
    const shown = fields.map((field) => values?.[field] ?? '');
    return shown.includes('') ? undefined : JSON.stringify(shown);
  };
  return {
    timespan,
    newTally() {
      const values = new Occurrences();
      return {
        add(match) {
          const value = shownBy(match);
          if (value !== undefined) values.add(value);
        },
        remove(match) {
          const value = shownBy(match);
          if (value !== undefined) values.remove(value);
        },
        holds: () => countMeets(threshold, values.size),
      };
    },
  };
}
