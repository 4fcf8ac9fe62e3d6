import type { Kind } from './kind.ts';

/** A rule by itself: every match begins an alert, or repeats one. */
export const REPEATS: Kind = {
  timespan: 0,
  newTally: () => ({ add() {}, remove() {}, holds: () => true }),
};
