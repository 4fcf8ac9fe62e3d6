import type { Signal } from '../record/signal.ts';
import type { EventTime } from '../record/time.ts';

/**
 * A run of signals of one group that one alert stands for. Each kind of rule is a pure function from a group's signals,
 * sorted by time and id, to its episodes: order of arrival, repetition and restarts cannot matter.
 */
export interface Episode {
  readonly signals: readonly Signal[];
  /** What the alert counts: matches, or for a sequence how often it came to its end. */
  readonly count: number;
  /** Event time from which on later signals no longer belong to it. */
  readonly until: EventTime;
}

export type EpisodeFinder = (signals: readonly Signal[]) => Episode[];

/** Every match begins an alert or repeats one that began within `suppress` microseconds before it. */
export function repeats(suppress: number): EpisodeFinder {
  return (signals) => {
    const episodes: Episode[] = [];
    for (let start = 0; start < signals.length; ) {
      const until = timeOf(signals[start]!) + suppress;
      const end = endOf(signals, start, until);
      const members = signals.slice(start, end);
      episodes.push({ signals: members, count: members.length, until });
      start = end;
    }
    return episodes;
  };
}

/**
 * An alert begins when a window of `timespan` microseconds satisfies the condition, with the first signal of that window; what follows
 * within `suppress` of its beginning belongs to it.
 */
export function eventCount(
  timespan: number,
  suppress: number,
  satisfied: (count: number) => boolean,
): EpisodeFinder {
  return (signals) => {
    const episodes: Episode[] = [];
    let free = 0;
    for (let index = 0, start = 0; index < signals.length; index++) {
      start = Math.max(start, free);
      while (timeOf(signals[start]!) < timeOf(signals[index]!) - timespan) start++;
      if (index < start || !satisfied(index - start + 1)) continue;
      const until = timeOf(signals[start]!) + Math.max(timespan, suppress);
      const end = Math.max(index + 1, endOf(signals, start, until));
      const members = signals.slice(start, end);
      episodes.push({ signals: members, count: members.length, until });
      free = end;
      index = end - 1;
    }
    return episodes;
  };
}

/** What a sequence asks for. Times in microseconds. */
export interface SequenceOptions {
  /** Rule ids in the order in which their matches must happen. */
  readonly steps: readonly string[];
  readonly timespan: number;
  readonly suppress: number;
  /** Fields in at least one of which the first and the last step must agree; none: no such condition. */
  readonly sameAny: readonly string[];
}

/**
 * An alert begins when matches of all steps have happened in order within the timespan. It holds everything the group saw
 * from its first step on, and counts how often the last step happened.
 */
export function temporalOrdered(options: SequenceOptions): EpisodeFinder {
  const { steps, timespan, suppress } = options;
  const last = steps.at(-1)!;
  return (signals) => {
    // Where times are equal nothing says which came first: the benefit of the doubt goes to the order of the steps.
    const ordered = signals.toSorted(
      (a, b) => timeOf(a) - timeOf(b) || steps.indexOf(a.rule) - steps.indexOf(b.rule) || compareIds(a, b),
    );
    const episodes: Episode[] = [];
    let free = 0;
    for (let index = 0; index < ordered.length; index++) {
      if (index < free || ordered[index]!.rule !== last) continue;
      const start = firstStep(ordered, free, index, options);
      if (start === undefined) continue;
      const until = timeOf(ordered[start]!) + Math.max(timespan, suppress);
      const end = Math.max(index + 1, endOf(ordered, start, until));
      const members = ordered.slice(start, end);
      const endings = ordered.slice(index, end).filter((signal) => signal.rule === last);
      episodes.push({ signals: members, count: endings.length, until });
      free = end;
    }
    return episodes;
  };
}

/** @returns the earliest position from which the steps lead, in order, to the signal at `end`. */
function firstStep(
  signals: readonly Signal[],
  from: number,
  end: number,
  { steps, timespan, sameAny }: SequenceOptions,
): number | undefined {
  const earliest = timeOf(signals[end]!) - timespan;
  for (let start = from; start < end; start++) {
    const signal = signals[start]!;
    if (timeOf(signal) < earliest || signal.rule !== steps[0]) continue;
    if (!agree(signal, signals[end]!, sameAny)) continue;
    let step = 1;
    for (let index = start + 1; index < end && step < steps.length - 1; index++) {
      if (signals[index]!.rule === steps[step]) step++;
    }
    if (step === steps.length - 1) return start;
  }
  return undefined;
}

function agree(first: Signal, last: Signal, fields: readonly string[]): boolean {
  if (fields.length === 0) return true;
  return fields.some((field) => {
    const value = first.values?.[field];
    return value !== undefined && value !== '' && value === last.values?.[field];
  });
}

/** @returns the position of the first signal after `from` that is later than `until`. */
function endOf(signals: readonly Signal[], from: number, until: EventTime): number {
  let end = from + 1;
  while (end < signals.length && timeOf(signals[end]!) <= until) end++;
  return end;
}

/** Signals without a time stand alone in their group, so that any value will do. */
export function timeOf(signal: Signal): EventTime {
  return signal.time ?? 0;
}

function compareIds(a: Signal, b: Signal): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** The order that every finder is given. */
export function bySequence(a: Signal, b: Signal): number {
  return timeOf(a) - timeOf(b) || compareIds(a, b);
}
