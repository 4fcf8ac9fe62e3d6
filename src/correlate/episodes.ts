import type { Signal } from '../record/signal.ts';
import type { EventTime } from '../record/time.ts';
import type { Silence } from './absence.ts';
import type { Novelty } from './baseline/new-value.ts';
import type { Past } from './baseline/past.ts';

/**
 * A run of signals of one group that one alert stands for. Each kind of rule is a pure function from a group's signals,
 * sorted by time and id, to its episodes: order of arrival, repetition and restarts cannot matter.
 */
export interface Episode {
  /** The signal with which it begins: the first, but where a correlation stands for several, that with which it came to hold. */
  readonly beginning: Signal;
  /** All that it rests on, by time. */
  readonly signals: readonly Signal[];
  /** What the alert counts: matches, or for a sequence how often it came to its end. */
  readonly count: number;
  /** Event time from which on later signals no longer belong to it. */
  readonly until: EventTime;
  /** Of a sequence: the last signal of what completed it. */
  readonly ending?: Signal;
  /** Of a new value: what is new. */
  readonly novelty?: Novelty;
  /** Of an absence. */
  readonly silence?: Silence;
}

/** The signals of a group. */
export interface History {
  /** Sorted by time and id. */
  readonly signals: readonly Signal[];
  /** Those of them that belong to alerts which nothing changes any more, or came before the end of one: no other alert holds them. */
  readonly spent: ReadonlySet<Signal>;
  /** Event time before which no alert begins any more. What is held from before it is there to be looked back at. */
  readonly from: EventTime;
  /** Event time up to which the clock says that nothing else has come. */
  readonly passed: EventTime;
}

/** @param past what a baseline remembers of the group's value */
export type EpisodeFinder = (history: History, past?: Past) => Episode[];

/** Signals of which nothing is settled yet. */
export function unsettled(signals: readonly Signal[]): History {
  return {
    signals,
    spent: new Set(),
    from: Number.NEGATIVE_INFINITY,
    passed: Number.NEGATIVE_INFINITY,
  };
}

/** @returns the position of the first signal after `from` that is later than `until`. */
export function endOf(signals: readonly Signal[], from: number, until: EventTime): number {
  let end = from + 1;
  while (end < signals.length && timeOf(signals[end]!) <= until) end++;
  return end;
}

/** Signals without a time stand alone in their group, so that any value will do. */
export function timeOf(signal: Signal): EventTime {
  return signal.time ?? 0;
}

/** The order that every finder is given. */
export function bySequence(a: Signal, b: Signal): number {
  return timeOf(a) - timeOf(b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
