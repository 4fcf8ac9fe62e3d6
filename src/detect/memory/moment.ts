import type { EventTime } from '../../record/time.ts';

/** What one request showed of something, in its place in event time: there once, however often the request is seen. */
export interface Moment {
  readonly time: EventTime;
  readonly request: string;
}

/** By time; what happened in one instant by request, so that order of arrival does not matter. */
export function inOrder(a: Moment, b: Moment): number {
  return a.time - b.time || (a.request < b.request ? -1 : 1);
}

/** The last of ordered moments strictly before another one. */
export function lastBefore<Entry extends Moment>(
  moments: readonly Entry[],
  { time, request }: Moment,
): Entry | undefined {
  let [from, to] = [0, moments.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const one = moments[middle]!;
    if (one.time < time || (one.time === time && one.request < request)) from = middle + 1;
    else to = middle;
  }
  return moments[from - 1];
}
