import type { Threshold } from '../../detect/sigma/model.ts';
import type { Match } from './match.ts';
import { meets } from './threshold.ts';

/** Digits behind the point that are told apart; further ones are cut off. */
const FRACTION_DIGITS = 9;

const NUMBER = /^([+-]?)(\d{1,30})(?:\.(\d{1,30}))?$/;

/**
 * A number as a whole count of its smallest part. Sums of these are exact, so that they do not depend on the order in which matches came into
 * a window and left it, as sums of floating-point numbers would.
 */
export type Decimal = bigint;

/** The number that a text is: digits with a sign and a decimal point. Anything else is none. */
export function decimalOf(text: string): Decimal | undefined {
  const [, sign, whole, fraction = ''] = NUMBER.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const units = BigInt(whole + fraction.slice(0, FRACTION_DIGITS).padEnd(FRACTION_DIGITS, '0'));
  return sign === '-' ? -units : units;
}

/** The number that a match shows, if it counts and shows one. */
export function numberIn({ counts, values }: Match, field: string): Decimal | undefined {
  return counts ? decimalOf(values?.[field] ?? '') : undefined;
}

/** A test whether every criterion holds of a fraction. */
export function fractionTest(threshold: Threshold): (numerator: bigint, denominator: bigint) => boolean {
  const bounds = new Map<number, Decimal>();
  for (const bound of Object.values(threshold)) bounds.set(bound, decimalOf(bound.toFixed(FRACTION_DIGITS))!);
  return (numerator, denominator) =>
    meets(threshold, (bound) => {
      const difference = numerator - bounds.get(bound)! * denominator;
      return difference < 0n ? -1 : difference > 0n ? 1 : 0;
    });
}
