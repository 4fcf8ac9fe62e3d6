import type { Signal } from '../../record/signal.ts';
import type { EventTime } from '../../record/time.ts';
import { timeOf } from '../episodes.ts';

/** What a correlation looks at: a match of a rule that it refers to, or a moment at which a correlation that it refers to holds. */
export interface Match {
  /** Id of the rule or correlation. */
  readonly rule: string;
  readonly time: EventTime;
  /** The signal by which it came about; of several at one moment the last. */
  readonly signal: Signal;
  /** Values of the fields that the correlation looks at, by name. */
  readonly values: Readonly<Record<string, string>> | undefined;
  /** False for a correlation that has held before without a pause: it is there, and counts where it began. */
  readonly counts: boolean;
  /** Of a correlation: the window that ends with it, among the matches that the correlation looks at. */
  readonly window?: Stretch;
}

/** Part of a list, from one position to before another. */
interface Stretch {
  readonly matches: readonly Match[];
  readonly from: number;
  readonly to: number;
}

/** @param values those that the correlation looking at it is to see */
export function matchOf(signal: Signal, values: Match['values']): Match {
  return { rule: signal.rule, time: timeOf(signal), signal, values, counts: true };
}

/** Order of matches: time, then what no arrival changes. */
export function byTime(a: Match, b: Match): number {
  return a.time - b.time || compare(a.signal.id, b.signal.id) || compare(a.rule, b.rule);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The signals that matches rest on, each once, by time; where times are equal, in the order of the matches. */
export function signalsBehind(matches: Iterable<Match>): Signal[] {
  const signals = new Map<string, Signal>();
  // Windows of one list slide: what one has is not looked through again for the next.
  const seen = new Map<readonly Match[], number>();
  const collect = ({ signal, window }: Match): void => {
    if (!window) {
      if (!signals.has(signal.id)) signals.set(signal.id, signal);
      return;
    }
    const { matches: inner, from, to } = window;
    for (let index = Math.max(from, seen.get(inner) ?? 0); index < to; index++) collect(inner[index]!);
    seen.set(inner, to);
  };
  for (const match of matches) collect(match);
  return [...signals.values()].sort((a, b) => timeOf(a) - timeOf(b));
}
