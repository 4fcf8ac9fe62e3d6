import type { EventTime } from '../record/time.ts';
import { alertId } from './alert.ts';
import { timeOf } from './episodes.ts';
import { type Group, type Held, heldBy, historyOf, partOf, toldBy } from './group.ts';

/** What may still come. */
export interface Expected {
  /** The time before which nothing may arrive any more. */
  readonly horizon: EventTime;
  /** Offset from which on signals may be repeated. */
  readonly recent: number;
}

/**
 * Forgets of a group what has passed: what nothing that may still come can join, repeat or look back at.
 * @returns how many signals are left, and one more; 0 if what follows cannot depend on the group
 */
export function forgetPassed(group: Group, { horizon, recent }: Expected): number {
  const { find, span, lookback, rule } = group.behaviour;
  const held = Array.from(heldBy(group), (each) => ({ each, time: timeOf(toldBy(each, group)) }));
  held.sort((a, b) => a.time - b.time);
  const repeatable = held.find(({ each }) => each.offset >= recent);
  // Nothing before it may still arrive, or be repeated.
  const limit = repeatable ? Math.min(horizon, repeatable.time) : horizon;
  let from = limit;
  let until = Number.NEGATIVE_INFINITY;
  for (const episode of find(historyOf(group), group.past)) {
    if (episode.until >= limit) {
      from = Math.min(from, timeOf(episode.signals[0]!));
      break;
    }
    until = episode.until;
    group.spoken.delete(alertId(rule.id, episode));
  }
  group.from = Math.max(group.from, from);
  for (const { each, time } of held) each.spent ||= time <= until;
  const isSettled = ({ each, time }: Timed): boolean => each.spent || time + span < limit;
  group.since = sinceOf(group, held, isSettled, horizon);
  let left = held.length;
  for (const timed of held) {
    const { each, time } = timed;
    if (time >= group.from - lookback || !isSettled(timed)) continue;
    group.held.get(partOf(each.signal))!.delete(each.signal.id);
    group.closedLatest = Math.max(group.closedLatest, time);
    left--;
  }
  // Until a pause is certain, where the next episode begins depends on the ones before it.
  return left > 0 || group.latest + span >= horizon ? left + 1 : 0;
}

/** A signal at the time by which the group goes. */
interface Timed {
  readonly each: Held;
  readonly time: EventTime;
}

/**
 * Where to read again from to know the group's episodes: they are told apart by a pause longer than any of them, and what came before
 * the last such pause does not matter any more.
 */
function sinceOf(
  group: Group,
  held: readonly Timed[],
  isSettled: (timed: Timed) => boolean,
  horizon: EventTime,
): number {
  const { span } = group.behaviour;
  let last = group.closedLatest;
  let pause = -1;
  for (const [index, timed] of held.entries()) {
    const { time } = timed;
    if (time > last + span && last + span < horizon) pause = index;
    if (!isSettled(timed)) break;
    last = time;
  }
  if (pause < 0) return group.since;
  return held
    .slice(pause)
    .reduce((lowest, { each }) => Math.min(lowest, each.offset), Number.POSITIVE_INFINITY);
}
