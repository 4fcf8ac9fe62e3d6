import { invalid } from '../refusal.ts';
import { type Modifier, withComparison } from './modifier.ts';
import { comparingNumbers, expectNumbers, type PartComparison } from './number.ts';

/** Modifiers appendix, "Time Modifiers": one number of a date, as written (no time zone is converted). */

/** RFC 3339, with the time optional. */
const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::|Z|z|[+-]|$)|$)/;

const DAY_MS = 86_400_000;
const THURSDAY = 4;

/** ISO 8601 week number: that of the week's Thursday. */
function weekOf(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const weekday = date.getUTCDay() || 7;
  const thursday = new Date(date.getTime() + (THURSDAY - weekday) * DAY_MS);
  const januaryFirst = new Date(0);
  januaryFirst.setUTCFullYear(thursday.getUTCFullYear(), 0, 1);
  return Math.floor((thursday.getTime() - januaryFirst.getTime()) / DAY_MS / 7) + 1;
}

type Read = (parts: readonly (number | undefined)[]) => number | undefined;

function part(name: string, min: number, max: number, read: Read): Modifier {
  const readText = (value: unknown) => {
    const match = typeof value === 'string' ? DATE.exec(value) : null;
    return match
      ? read(match.slice(1).map((digits) => (digits === undefined ? undefined : Number(digits))))
      : undefined;
  };
  const comparison: PartComparison = {
    ...comparingNumbers(name, (found, wanted) => found === wanted, readText),
    read: readText,
  };
  return {
    name,
    forKeywords: false,
    apply(item) {
      expectNumbers(item, name);
      item.terms.forEach((term, index) => {
        if (
          term.kind === 'number' &&
          !(Number.isInteger(term.value) && term.value >= min && term.value <= max)
        ) {
          throw invalid(
            `The modifier "${name}" expects a whole number from ${min} to ${max}, found ${term.value}.`,
            index,
          );
        }
      });
      return withComparison(item, comparison);
    },
  };
}

export const TIME: readonly Modifier[] = [
  part('minute', 0, 59, ([, , , , minute]) => minute),
  part('hour', 0, 23, ([, , , hour]) => hour),
  part('day', 1, 31, ([, , day]) => day),
  part('week', 1, 53, ([year, month, day]) => weekOf(year!, month!, day!)),
  part('month', 1, 12, ([, month]) => month),
  part('year', 0, 9999, ([year]) => year),
];
