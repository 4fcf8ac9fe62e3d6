import type { Signal } from '../../record/signal.ts';
import type { EventTime } from '../../record/time.ts';
import { type Episode, type EpisodeFinder, endOf, timeOf } from '../episodes.ts';
import { TIMESPANS_KEPT } from './baseline.ts';
import type { BaselineRule } from './baselines.ts';
import { type Day, dayOf, knownBy, lastShown } from './run.ts';

/** What a new value is told with. */
export interface Novelty {
  /** Names of the fields whose values are new together, and of those that make the group. */
  readonly fields: readonly string[];
  readonly groupBy: readonly string[];
  /** How far was looked back, microseconds. */
  readonly timespan: number;
  readonly learnedSince: EventTime;
  /** When the group showed the value before that. */
  readonly lastSeen?: Day;
}

/** The values of the fields in a match, '' for one that it lacks. */
export function shownValues(fields: readonly string[], { values }: Signal): string[] {
  return fields.map((field) => values?.[field] ?? '');
}

/** What a baseline asks for. Times in microseconds. */
export interface NewValueOptions extends BaselineRule {
  readonly groupBy: readonly string[];
  /** How long after the beginning of the baseline nothing is told. */
  readonly learn: number;
}

/**
 * An alert begins with a match of a value that the group did not show in the timespan before, and holds the matches of the same value that
 * follow within `suppress`. The signals are those of one value of one group, all of which its past remembers.
 */
export function newValue({ fields, groupBy, timespan, learn, suppress }: NewValueOptions): EpisodeFinder {
  return ({ signals, spent, from }, past) => {
    if (!past) return [];
    const { runs, baseline } = past;
    const episodes: Episode[] = [];
    for (let index = 0; index < signals.length; index++) {
      const signal = signals[index]!;
      const time = timeOf(signal);
      if (time < from || spent.has(signal)) continue;
      if (time < baseline.begun + learn || knownBy(runs, time, timespan)) continue;
      const until = time + suppress;
      const members = signals.slice(index, endOf(signals, index, until));
      const seen = lastShown(runs, time);
      const novelty = {
        fields,
        groupBy,
        timespan,
        learnedSince: baseline.begun,
        // Not what is remembered for longer here than elsewhere.
        ...(seen !== undefined && seen >= dayOf(time - TIMESPANS_KEPT * timespan) ? { lastSeen: seen } : {}),
      };
      episodes.push({ beginning: signal, signals: members, count: members.length, until, novelty });
      index += members.length - 1;
    }
    return episodes;
  };
}
