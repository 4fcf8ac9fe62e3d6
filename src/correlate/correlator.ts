import type { Alert } from '../record/alert.ts';
import type { Signal } from '../record/signal.ts';
import { alertId, alertOf } from './alert.ts';
import { bySequence, type Episode, timeOf } from './episodes.ts';
import type { Behaviour } from './plan.ts';

/** Limits of the correlation; each is a key of the configuration. */
export interface CorrelateLimits {
  readonly lateness_seconds: number;
  readonly groups_max: number;
  readonly signals_per_group_max: number;
  readonly evidence_max: number;
}

/** Told when a limit is reached, so that it is counted. */
export type LimitReached = (limit: 'groups_max' | 'signals_per_group_max', group: string) => void;

/** An alert to pass on. */
export interface Spoken {
  readonly alert: Alert;
  /** False for a revision of an alert already passed on, or its withdrawal. */
  readonly isNew: boolean;
}

interface Held {
  readonly signal: Signal;
  readonly offset: number;
}

interface Group {
  readonly behaviour: Behaviour;
  readonly cluster: string;
  /** By signal id. */
  readonly held: Map<string, Held>;
  /** What was last said of each alert of the group: the document without its version, as text. */
  readonly spoken: Map<string, { text: string; alert: Alert }>;
  latest: number;
  lastOffset: number;
  overflowed: boolean;
}

/**
 * How many signals must have followed before one may be forgotten, besides its time having passed: a stage that is killed
 * repeats at most one batch, and what it repeats must still be known.
 */
const OFFSETS_KEPT = 10_000;

/** Groups are looked through for what can be forgotten after this many signals. */
const SWEEP_EVERY = 5_000;

/**
 * The correlate stage: signals in, new and revised alerts out. What it says of a group is a pure function of the set of the
 * group's signals; it only remembers what it said last, to say no more than what has changed.
 */
export class Correlator {
  readonly #plan: ReadonlyMap<string, Behaviour>;
  readonly #limits: CorrelateLimits;
  readonly #limitReached: LimitReached;
  /** In order of last use. */
  readonly #groups = new Map<string, Group>();
  readonly #dirty = new Set<string>();
  /** Latest event time by cluster; as many entries as clusters send. */
  readonly #watermarks = new Map<string, number>();
  #sinceSweep = 0;
  #restoreFrom: number | undefined;

  constructor(plan: ReadonlyMap<string, Behaviour>, limits: CorrelateLimits, limitReached: LimitReached) {
    this.#plan = plan;
    this.#limits = limits;
    this.#limitReached = limitReached;
  }

  get groups(): number {
    return this.#groups.size;
  }

  /** Lowest offset that the open groups rest on; absent if they rest on nothing. */
  get restoreFrom(): number | undefined {
    return this.#restoreFrom;
  }

  reset(): void {
    this.#groups.clear();
    this.#dirty.clear();
    this.#watermarks.clear();
    this.#sinceSweep = 0;
    this.#restoreFrom = undefined;
  }

  /** Takes in one signal. @param offset its place in the log, which numbers the revisions of alerts */
  add(signal: Signal, offset: number): void {
    const behaviour = this.#plan.get(signal.target);
    if (!behaviour) return; // a rule that is no longer loaded
    const key = groupKey(signal);
    const group = this.#touch(key, () => newGroup(behaviour, signal.cluster, offset));
    const known = group.held.get(signal.id);
    if (known && !supersedes(signal, known.signal)) return;
    if (!known && group.held.size >= this.#limits.signals_per_group_max) {
      if (!group.overflowed) this.#limitReached('signals_per_group_max', key);
      group.overflowed = true;
      return;
    }
    group.held.set(signal.id, { signal, offset: known?.offset ?? offset });
    group.lastOffset = offset;
    group.latest = Math.max(group.latest, timeOf(signal));
    this.#restoreFrom ??= offset;
    this.#dirty.add(key);
    if (signal.time !== undefined) {
      const watermark = this.#watermarks.get(signal.cluster) ?? 0;
      if (signal.time > watermark) this.#watermarks.set(signal.cluster, signal.time);
    }
    this.#sinceSweep++;
  }

  /** What has changed since the last call: alerts that are new, revised or withdrawn. */
  take(): Spoken[] {
    const changed: Spoken[] = [];
    for (const key of this.#dirty) {
      const group = this.#groups.get(key);
      if (group) this.#speak(group, changed);
    }
    this.#dirty.clear();
    if (this.#sinceSweep >= SWEEP_EVERY) this.#sweep();
    return changed;
  }

  #touch(key: string, create: () => Group): Group {
    const known = this.#groups.get(key);
    const group = known ?? create();
    if (known) this.#groups.delete(key);
    this.#groups.set(key, group);
    if (this.#groups.size > this.#limits.groups_max) {
      const [oldest] = this.#groups.keys();
      this.#groups.delete(oldest!);
      this.#limitReached('groups_max', oldest!);
    }
    return group;
  }

  #speak(group: Group, changed: Spoken[]): void {
    const version = group.lastOffset + 1;
    const current = new Set<string>();
    for (const episode of group.behaviour.find(signalsOf(group))) {
      const alert = alertOf(episode, group.behaviour.rule, {
        version,
        evidenceMax: this.#limits.evidence_max,
        overflowed: group.overflowed,
      });
      const id = alert.event.id;
      current.add(id);
      const text = JSON.stringify({ ...alert, gatewatch: { ...alert.gatewatch, version: 0 } });
      const before = group.spoken.get(id);
      if (before?.text === text) continue;
      group.spoken.set(id, { text, alert });
      changed.push({ alert, isNew: before === undefined });
    }
    for (const [id, { alert }] of group.spoken) {
      if (current.has(id)) continue;
      group.spoken.delete(id);
      const withdrawn = {
        ...alert,
        gatewatch: { ...alert.gatewatch, version, status: 'withdrawn' as const },
      };
      changed.push({ alert: withdrawn, isNew: false });
    }
  }

  /** Forgets groups whose time has passed: nothing that may still arrive can join or repeat what they hold. */
  #sweep(): void {
    this.#sinceSweep = 0;
    const newest = Math.max(0, ...[...this.#groups.values()].slice(-1).map((group) => group.lastOffset));
    let lowest: number | undefined;
    for (const [key, group] of this.#groups) {
      this.#prune(group, newest);
      if (group.held.size === 0) {
        this.#groups.delete(key);
        continue;
      }
      for (const { offset } of group.held.values())
        if (lowest === undefined || offset < lowest) lowest = offset;
    }
    this.#restoreFrom = lowest;
  }

  #prune(group: Group, newest: number): void {
    const horizon = (this.#watermarks.get(group.cluster) ?? 0) - this.#limits.lateness_seconds * 1_000_000;
    const { find, span } = group.behaviour;
    const open = new Set<string>();
    const closed: Episode[] = [];
    for (const episode of find(signalsOf(group))) {
      const repeatable = episode.signals.some(
        ({ id }) => group.held.get(id)!.offset >= newest - OFFSETS_KEPT,
      );
      if (episode.until < horizon && !repeatable) closed.push(episode);
      else for (const { id } of episode.signals) open.add(id);
    }
    for (const [id, { signal, offset }] of group.held) {
      if (open.has(id) || timeOf(signal) + span >= horizon || offset >= newest - OFFSETS_KEPT) continue;
      group.held.delete(id);
    }
    for (const episode of closed) {
      for (const { id } of episode.signals) group.held.delete(id);
      group.spoken.delete(alertId(group.behaviour.rule.id, episode));
    }
  }
}

function newGroup(behaviour: Behaviour, cluster: string, offset: number): Group {
  return {
    behaviour,
    cluster,
    held: new Map(),
    spoken: new Map(),
    latest: 0,
    lastOffset: offset,
    overflowed: false,
  };
}

/** Signals without a time cannot be put in order with others: each is a group of its own. */
function groupKey(signal: Signal): string {
  const own = signal.time === undefined ? [signal.id] : [];
  return [signal.target, signal.cluster, ...signal.group, ...own].join('\u0000');
}

/** A later stage of the same request tells more; among equals the first arrival stands, so that repetition changes nothing. */
function supersedes(signal: Signal, known: Signal): boolean {
  if (signal.rank !== known.rank) return signal.rank > known.rank;
  return (
    timeOf(signal) < timeOf(known) ||
    (timeOf(signal) === timeOf(known) && signal.received_ms < known.received_ms)
  );
}

/** The group's signals in order, without those that another source's signal about the same request replaces. */
function signalsOf(group: Group): Signal[] {
  const signals = [...group.held.values()].map((held) => held.signal);
  const replaced = new Set(signals.flatMap((signal) => signal.replaces ?? []));
  return signals.filter((signal) => !replaced.has(signal.id)).sort(bySequence);
}
