import type { Signal } from '../record/signal.ts';
import type { EventTime } from '../record/time.ts';
import type { Past } from './baseline/past.ts';
import { bySequence, type History, timeOf } from './episodes.ts';
import type { Behaviour } from './plan.ts';

/** A signal in a group. */
export interface Held {
  readonly signal: Signal;
  /** Where it first stood in the log. */
  readonly offset: number;
  /** Earliest time of the records of its request. */
  readonly earliest: EventTime;
  /** See `History.spent`. */
  spent: boolean;
}

/** What the correlator knows of the signals that one target sees together. */
export interface Group {
  behaviour: Behaviour;
  readonly cluster: string;
  /** What a baseline remembers of its value. */
  readonly past: Past | undefined;
  /** By rule, with what lies between, and signal id, in order of arrival. */
  readonly held: Map<string, Map<string, Held>>;
  /** What was last said of each alert of the group: the document without its version, as text. */
  readonly spoken: Map<string, string>;
  /** See `History.from`. */
  from: EventTime;
  /** See `History.passed`. */
  passed: EventTime;
  /** Latest event time of its signals, and of those of them that were forgotten. */
  latest: number;
  closedLatest: number;
  /** Offset from which its signals tell where its episodes begin. */
  since: number;
  lastOffset: number;
  overflowed: boolean;
  /** Earliest time of what has changed since the group last spoke: episodes that ended before are as they were. */
  changedFrom: number;
}

/** A group before its first signal. @param offset where that stands in the log */
export function newGroup(
  behaviour: Behaviour,
  cluster: string,
  past: Past | undefined,
  offset: number,
): Group {
  return {
    behaviour,
    cluster,
    past,
    held: new Map(),
    spoken: new Map(),
    from: Number.POSITIVE_INFINITY,
    passed: Number.NEGATIVE_INFINITY,
    latest: 0,
    closedLatest: Number.NEGATIVE_INFINITY,
    since: offset,
    lastOffset: offset,
    overflowed: false,
    changedFrom: Number.POSITIVE_INFINITY,
  };
}

/** Signals without a time cannot be put in order with others: each is a group of its own. With a baseline so is each value. */
export function groupKey(signal: Signal, { baseline }: Behaviour): string {
  const own = signal.time === undefined ? [signal.id] : [];
  const shown = baseline ? [baseline.fields.map((field) => signal.values?.[field])] : [];
  return JSON.stringify([signal.target, signal.cluster, signal.group, ...shown, ...own]);
}

/**
 * A later stage of the same request tells more, and among records of one stage the one that was not cut; what is left is decided by
 * content, so that neither order of arrival nor repetition matters.
 */
export function supersedes(signal: Signal, known: Signal): boolean {
  const order =
    known.rank - signal.rank ||
    timeOf(signal) - timeOf(known) ||
    (signal.limits?.length ?? 0) - (known.limits?.length ?? 0) ||
    compareTexts(signal.evidence.record_id, known.evidence.record_id) ||
    signal.received_ms - known.received_ms;
  // The same record looked at again: the last word counts.
  return order < 0 || (order === 0 && JSON.stringify(signal) !== JSON.stringify(known));
}

/** Whether a withdrawn signal is the one that is known: that of another record of the request stands. */
export function takesAway(withdrawn: Signal, known: Signal): boolean {
  return withdrawn.evidence.record_id === known.evidence.record_id && withdrawn.target === known.target;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** All signals of a group, also those that others replace. */
export function* heldBy(group: Group): Iterable<Held> {
  for (const ofRule of group.held.values()) yield* ofRule.values();
}

/** The group's signals in order, without those that another source's signal about the same request replaces. */
export function historyOf(group: Group): History {
  const replaced = new Set<string>();
  for (const { signal } of heldBy(group)) for (const id of signal.replaces ?? []) replaced.add(id);
  const signals: Signal[] = [];
  const spent = new Set<Signal>();
  for (const held of heldBy(group)) {
    if (replaced.has(held.signal.id)) continue;
    const signal = toldBy(held, group);
    signals.push(signal);
    if (held.spent) spent.add(signal);
  }
  return { signals: signals.sort(bySequence), spent, from: group.from, passed: group.passed };
}

/**
 * What the group goes by: with a baseline the signal at the time of the first record of its request. A baseline remembers all of them, and none
 * must make another of them known.
 */
export function toldBy({ signal, earliest }: Held, { held, past }: Group): Signal {
  if (!past) return signal;
  const others = (signal.replaces ?? []).flatMap((id) => held.get(partOf(signal))?.get(id)?.earliest ?? []);
  const time = Math.min(earliest, ...others);
  return time === signal.time ? signal : { ...signal, time };
}

/** The rule that a signal is of, with the correlations through which its target sees it: one may see a match in several ways. */
export function partOf({ rule, through = [] }: Signal): string {
  return through.length === 0
    ? rule
    : JSON.stringify([rule, ...through.map(({ correlation }) => correlation)]);
}
