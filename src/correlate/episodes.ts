import type { Signal } from '../record/signal.ts';
import type { EventTime } from '../record/time.ts';
import type { Novelty } from './baseline/new-value.ts';
import type { Past } from './baseline/past.ts';

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
  /** Of a new value: what is new. */
  readonly novelty?: Novelty;
}

/** @param past what a baseline remembers of the group's value */
export type EpisodeFinder = (signals: readonly Signal[], past?: Past) => Episode[];

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

/** Stands where a field may stand for the rule that matched: no field of an event has this name. */
const DISTINCT_RULE = 'rule';

/** What a count asks for. Times in microseconds. */
export interface CountOptions {
  readonly timespan: number;
  readonly suppress: number;
  readonly satisfied: (count: number) => boolean;
  /** Field whose different values are counted, so that one thing tried again and again counts once, or `rule`; absent: every match. */
  readonly distinct?: string | undefined;
}

/**
 * An alert begins when a window of the timespan satisfies the condition, with the first signal of that window; what follows
 * within `suppress` of its beginning belongs to it.
 */
export function eventCount({ timespan, suppress, satisfied, distinct }: CountOptions): EpisodeFinder {
  const counted = (signal: Signal): string => {
    if (distinct === undefined) return signal.id;
    return distinct === DISTINCT_RULE ? signal.rule : (signal.values?.[distinct] ?? '');
  };
  return (signals) => {
    const episodes: Episode[] = [];
    // How often each value stands in the window from `start` to `index`.
    let window = new Map<string, number>();
    for (let index = 0, start = 0; index < signals.length; index++) {
      const value = counted(signals[index]!);
      window.set(value, (window.get(value) ?? 0) + 1);
      for (; timeOf(signals[start]!) < timeOf(signals[index]!) - timespan; start++) {
        const gone = counted(signals[start]!);
        const left = window.get(gone)! - 1;
        if (left > 0) window.set(gone, left);
        else window.delete(gone);
      }
      if (!satisfied(window.size)) continue;
      const until = timeOf(signals[start]!) + Math.max(timespan, suppress);
      const end = Math.max(index + 1, endOf(signals, start, until));
      const members = signals.slice(start, end);
      episodes.push({ signals: members, count: members.length, until });
      window = new Map();
      start = end;
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
    const beginnings = new Beginnings(ordered, options);
    const episodes: Episode[] = [];
    for (let index = 0; index < ordered.length; index++) {
      if (ordered[index]!.rule !== last) continue;
      const start = beginnings.leadingTo(index);
      if (start === undefined) continue;
      const until = timeOf(ordered[start]!) + Math.max(timespan, suppress);
      const end = Math.max(index + 1, endOf(ordered, start, until));
      const members = ordered.slice(start, end);
      const endings = ordered.slice(index, end).filter((signal) => signal.rule === last);
      episodes.push({ signals: members, count: endings.length, until });
      beginnings.forgetBefore(end);
      index = end - 1;
    }
    return episodes;
  };
}

/** The first steps of a group's signals, ready to be asked which of them leads to a last step: a group may hold thousands of each. */
class Beginnings {
  readonly #signals: readonly Signal[];
  readonly #options: SequenceOptions;
  /** Where the last step but one is first reached from each position; past the end if it is not. */
  readonly #reached: readonly number[];
  /** Positions of first steps, ascending, by what the last step must have in common with them. */
  readonly #starts = new Map<string, number[]>();
  #free = 0;

  constructor(signals: readonly Signal[], options: SequenceOptions) {
    this.#signals = signals;
    this.#options = options;
    this.#reached = reachedFrom(signals, options.steps);
    for (const [index, signal] of signals.entries()) {
      if (signal.rule !== options.steps[0]) continue;
      for (const key of comparedIn(signal, options.sameAny)) {
        const starts = this.#starts.get(key);
        if (starts) starts.push(index);
        else this.#starts.set(key, [index]);
      }
    }
  }

  /** Signals before this position belong to an episode already. */
  forgetBefore(position: number): void {
    this.#free = position;
  }

  /** @returns the earliest position from which the steps lead, in order, to the signal at `end`. */
  leadingTo(end: number): number | undefined {
    const { timespan, sameAny } = this.#options;
    const earliest = timeOf(this.#signals[end]!) - timespan;
    let found: number | undefined;
    for (const key of comparedIn(this.#signals[end]!, sameAny)) {
      const starts = this.#starts.get(key) ?? [];
      const at = lowerBound(
        starts,
        (start) => start >= this.#free && timeOf(this.#signals[start]!) >= earliest,
      );
      // What the earliest does not reach in time, a later one does not either.
      const start = starts[at];
      if (start !== undefined && this.#reached[start]! < end && start < (found ?? end)) found = start;
    }
    return found;
  }
}

function reachedFrom(signals: readonly Signal[], steps: readonly string[]): number[] {
  /** By step: where that step and the ones after it, up to the last but one, are first done with. */
  const next = new Array<number>(steps.length - 1).fill(signals.length);
  const reached = new Array<number>(signals.length);
  for (let index = signals.length - 1; index >= 0; index--) {
    const step = steps.indexOf(signals[index]!.rule);
    if (step >= 0 && step < next.length) next[step] = step === next.length - 1 ? index : next[step + 1]!;
    reached[index] = next[0]!;
  }
  return reached;
}

function comparedIn({ values }: Signal, fields: readonly string[]): string[] {
  if (fields.length === 0) return [''];
  return fields.flatMap((field) => (values?.[field] ? `${field}\u0000${values[field]}` : []));
}

/** @returns the position of the first element for which the test holds; it holds for all after it too. */
function lowerBound(elements: readonly number[], holds: (element: number) => boolean): number {
  let [low, high] = [0, elements.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(elements[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
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

function compareIds(a: Signal, b: Signal): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** The order that every finder is given. */
export function bySequence(a: Signal, b: Signal): number {
  return timeOf(a) - timeOf(b) || compareIds(a, b);
}
