import type { Signal } from '../record/signal.ts';
import type { EventTime } from '../record/time.ts';
import type { Episode, History } from './episodes.ts';
import type { Kind, Tally } from './kinds/kind.ts';
import { type Match, signalsBehind } from './kinds/match.ts';

/** A window that slides over matches, from one moment to the next. */
class Window {
  readonly #matches: readonly Match[];
  readonly #wanted: (match: Match) => boolean;
  readonly #timespan: number;
  readonly #tally: Tally;
  /** Position of its first match, and behind its last one. */
  from: number;
  #to: number;

  /** @param from position before which it does not reach @param wanted matches that count in it */
  constructor(
    matches: readonly Match[],
    { timespan, newTally }: Kind,
    from = 0,
    wanted: (match: Match) => boolean = () => true,
  ) {
    this.#matches = matches;
    this.#wanted = wanted;
    this.#timespan = timespan;
    this.#tally = newTally();
    this.from = from;
    this.#to = from;
  }

  /** Slides on, to end with the match before a position. @returns whether the condition holds of it */
  holdsBefore(to: number): boolean {
    for (; this.#to < to; this.#to++) {
      const match = this.#matches[this.#to]!;
      if (this.#wanted(match)) this.#tally.add(match);
    }
    const begin = this.#matches[to - 1]!.time - this.#timespan;
    for (; this.#matches[this.from]!.time < begin; this.from++) {
      const match = this.#matches[this.from]!;
      if (this.#wanted(match)) this.#tally.remove(match);
    }
    return this.#tally.holds();
  }
}

/** The position behind the matches of one time. */
function momentAfter(matches: readonly Match[], from: number): number {
  const { time } = matches[from]!;
  let to = from + 1;
  while (to < matches.length && matches[to]!.time === time) to++;
  return to;
}

/**
 * The moments at which a correlation holds that another one refers to. It counts at the first of them, and again after a pause longer than its
 * timespan: by which no more than two timespans before a moment decide what it is.
 * @param valuesOf the values of a signal that the other one looks at
 */
export function moments(
  matches: readonly Match[],
  rule: string,
  kind: Kind,
  valuesOf: (signal: Signal) => Match['values'],
): Match[] {
  const found: Match[] = [];
  const window = new Window(matches, kind);
  for (let to = 0; to < matches.length; ) {
    to = momentAfter(matches, to);
    if (!window.holdsBefore(to)) continue;
    const { signal, time } = matches[to - 1]!;
    const before = found.at(-1);
    found.push({
      rule,
      time,
      signal,
      values: valuesOf(signal),
      counts: before === undefined || time - before.time > kind.timespan,
      window: { matches, from: window.from, to },
    });
  }
  return found;
}

/**
 * The alerts of a kind. One begins when the condition holds of the window that ends with a match, and of what of this window no alert has held
 * before: so that no match is told of twice, and none that was told of is forgotten where a condition says how little may be there. It holds
 * what follows within its length.
 * @param suppress how long after its beginning an alert counts repeats, microseconds
 */
export function alertsOf(
  matches: readonly Match[],
  kind: Kind,
  suppress: number,
  { spent, from }: Pick<History, 'spent' | 'from'>,
): Episode[] {
  const isFree = ({ signal }: Match): boolean => !spent.has(signal);
  const episodes: Episode[] = [];
  const whole = new Window(matches, kind);
  let free = new Window(matches, kind, 0, isFree);
  for (let at = 0, to = 0; at < matches.length; at = to) {
    to = momentAfter(matches, at);
    const holds = free.holdsBefore(to) && whole.holdsBefore(to);
    const held = matches[at]!.time;
    if (!holds || held < from || !matches.slice(at, to).some(isFree)) continue;
    const candidates = matches.slice(free.from, to).filter(isFree);
    const beginning = candidates[kind.beginning?.(candidates) ?? 0]!;
    const until: EventTime = beginning.time + Math.max(kind.timespan, suppress);
    while (to < matches.length && matches[to]!.time <= until) to++;
    const members = matches.slice(matches.indexOf(beginning, free.from), to).filter(isFree);
    const endings = kind.endings?.(members, held);
    episodes.push({
      beginning: beginning.signal,
      signals: signalsBehind(members),
      count: endings?.length ?? Math.max(1, members.filter(({ counts }) => counts).length),
      until,
      ...(endings && { ending: endings.at(-1)!.signal }),
    });
    free = new Window(matches, kind, to, isFree);
  }
  return episodes;
}
