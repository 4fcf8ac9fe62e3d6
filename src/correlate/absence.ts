import type { Signal } from '../record/signal.ts';
import type { EventTime } from '../record/time.ts';
import { type EpisodeFinder, timeOf } from './episodes.ts';

/** How much of the timespan before must have had signs of life: what comes now and then has not fallen silent. */
const STEADY = 0.8;

/** A time without a match. The beats that its ends stand for are told by their beginning. */
export interface Silence {
  /** The last beat with a match. */
  readonly since: EventTime;
  /** From when on it is long enough. */
  readonly tellable: EventTime;
  /** The first one after it; absent while there is none. */
  readonly until?: EventTime;
}

/** What an absence asks for, microseconds. */
export interface AbsenceOptions {
  /** How long there must be nothing. */
  readonly timespan: number;
  /** Length of a beat. */
  readonly beat: number;
  /** How long after it began a return is told with a silence. */
  readonly returns: number;
}

/**
 * An alert begins with the last sign of life, if signs had come steadily for the timespan before and none came for longer than that after: as the next one
 * shows, or the clock, which says up to when nothing has come. It holds the sign with which they came back.
 */
export function absence({ timespan, beat, returns }: AbsenceOptions): EpisodeFinder {
  return ({ signals, from, passed }) =>
    signals.flatMap((last, index) => {
      const since = timeOf(last);
      const next = signals[index + 1];
      const seenUntil = next ? timeOf(next) : passed;
      // The last match came within its beat.
      const tellable = since + timespan + beat;
      if (since < from || seenUntil <= tellable || !isSteady(signals, index, timespan, beat)) return [];
      const back = next && timeOf(next) <= since + returns ? next : undefined;
      return {
        beginning: last,
        signals: back ? [last, back] : [last],
        count: 1,
        until: back ? timeOf(back) : since + returns,
        silence: { since, tellable, ...(back && { until: timeOf(back) }) },
      };
    });
}

/** @param index of the last sign of life */
function isSteady(signals: readonly Signal[], index: number, timespan: number, beat: number): boolean {
  const wanted = Math.ceil((timespan / beat) * STEADY);
  const first = signals[index + 1 - wanted];
  return first !== undefined && timeOf(signals[index]!) - timeOf(first) < timespan;
}
