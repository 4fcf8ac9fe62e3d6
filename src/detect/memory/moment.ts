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

/** How many of ordered moments are strictly before another one. */
export function placeOf(moments: readonly Moment[], { time, request }: Moment): number {
  let [from, to] = [0, moments.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const one = moments[middle]!;
    if (one.time < time || (one.time === time && one.request < request)) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The last of ordered moments strictly before another one. */
export function lastBefore<Entry extends Moment>(
  moments: readonly Entry[],
  moment: Moment,
): Entry | undefined {
  return moments[placeOf(moments, moment) - 1];
}

/** What of ordered moments is gone in others that came of them, and what came. */
export function changesBetween<Entry extends Moment>(
  before: readonly Entry[],
  after: readonly Entry[],
): { readonly gone: readonly Entry[]; readonly came: readonly Entry[] } {
  const gone: Entry[] = [];
  const came: Entry[] = [];
  for (let [old, now] = [0, 0]; old < before.length || now < after.length; ) {
    const [known, other] = [before[old], after[now]];
    if (known === other) {
      old++;
      now++;
    } else if (known && (!other || inOrder(known, other) < 0)) {
      gone.push(known);
      old++;
    } else {
      came.push(other!);
      now++;
    }
  }
  return { gone, came };
}
