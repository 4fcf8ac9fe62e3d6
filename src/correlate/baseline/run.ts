import type { EventTime } from '../../record/time.ts';

/** A day of event time (UTC), counted from the Unix epoch. */
export type Day = number;

/** Microseconds. */
export const DAY = 86_400_000_000;

export function dayOf(time: EventTime): Day {
  return Math.floor(time / DAY);
}

/** A stretch of time in which a group kept showing a value: from one match to the next never longer than the timespan, counted in whole days. */
export interface Run {
  /** Of its first match. */
  readonly first: EventTime;
  /** Of its latest match. */
  readonly last: Day;
}

/**
 * Runs of one value, ascending and apart from each other. They are the same in whatever order and however often matches and runs are added,
 * so that neither the order of arrival nor who remembered what first matters.
 */
export type Runs = readonly Run[];

/** The runs and one more, joined with those that it is not apart from. @param timespan microseconds, as everywhere here */
export function withRun(runs: Runs, added: Run, timespan: number): Runs {
  let whole = added;
  const apart: Run[] = [];
  // From the latest on, because what is joined may reach further back than what was added.
  for (const run of runs.toReversed()) {
    const [earlier, later] = run.first <= whole.first ? [run, whole] : [whole, run];
    if (!isShown(earlier, later.first, timespan)) apart.push(run);
    else if (earlier.last < later.last) whole = { first: earlier.first, last: later.last };
    else whole = earlier;
  }
  return [...apart, whole].sort((a, b) => a.first - b.first);
}

/** The runs and one more match; themselves if it tells nothing more. */
export function withMatch(runs: Runs, time: EventTime, timespan: number): Runs {
  const day = dayOf(time);
  const known = runs.some(({ first, last }) => first <= time && day <= last);
  return known ? runs : withRun(runs, { first: time, last: day }, timespan);
}

/** The run by which the value is known at a time: it was shown before, and not longer ago than the timespan. */
export function knownBy(runs: Runs, time: EventTime, timespan: number): Run | undefined {
  return runs.findLast((run) => run.first < time && isShown(run, time, timespan));
}

/** When the value was shown before a time at which it is not known. */
export function lastShown(runs: Runs, time: EventTime): Day | undefined {
  return runs.findLast(({ first }) => first < time)?.last;
}

function isShown({ last }: Run, time: EventTime, timespan: number): boolean {
  return last >= dayOf(time - timespan);
}
