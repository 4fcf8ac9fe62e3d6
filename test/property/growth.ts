import assert from 'node:assert/strict';

/** What every step is measured at; the last is as large as it gets. */
const SIZES = [1250, 2500, 5000, 10_000];

/** Below this a clock tells nothing of growth, milliseconds. */
const NOISE_MS = 50;

/** Twice as much may take twice as long, and something for a machine that does other things besides. Four times is what a square takes. */
const FACTOR_MAX = 2.8;

/** The longest that the largest may take, milliseconds: some hundreds are usual. */
const MS_MAX = 15_000;

/**
 * Holds that time grows in proportion: over all doublings, since one may be disturbed.
 * @param of makes ready what is done for a size
 */
export function growth(of: (size: number) => () => unknown, sizes: readonly number[] = SIZES): void {
  const times = sizes.map((size) => {
    const run = of(size);
    const begin = performance.now();
    run();
    return performance.now() - begin;
  });
  const [first, last] = [Math.max(times[0]!, NOISE_MS), times.at(-1)!];
  const doublings = sizes.length - 1;
  assert.ok(last < MS_MAX, `${last} ms`);
  assert.ok(last < first * FACTOR_MAX ** doublings, `${times.map(Math.round)} ms for ${sizes}`);
}
