import type { EventTime } from '../../record/time.ts';
import type { Match } from './match.ts';

/** What a kind of correlation keeps of the matches in a sliding window. */
export interface Tally {
  /** A match joins, later than all others or at the same time as the latest. */
  add(match: Match): void;
  /** The oldest match leaves. */
  remove(match: Match): void;
  /** Whether the condition holds of the window. */
  holds(): boolean;
}

/** A kind of rule: when an alert begins, and what it counts. Everything in it depends on the matches in one window only. */
export interface Kind {
  /** Length of the window that ends with each match, microseconds. */
  readonly timespan: number;
  newTally(): Tally;
  /** Order of matches, by time first; absent: `byTime`. */
  readonly order?: (a: Match, b: Match) => number;
  /** Position in a window of which the condition holds, at which the alert begins; absent: with the window. */
  beginning?(window: readonly Match[]): number;
  /** The matches that an alert counts, and of the last of which it speaks; absent: all of them. @param held when its condition came to hold */
  endings?(matches: readonly Match[], held: EventTime): readonly Match[];
}
