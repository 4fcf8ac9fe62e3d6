import type { Alert } from '../record/alert.ts';
import type { Signal } from '../record/signal.ts';
import { alertId, alertOf } from './alert.ts';
import { bySequence, timeOf } from './episodes.ts';
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
  /** Where it first stood in the log. */
  readonly offset: number;
}

interface Group {
  readonly behaviour: Behaviour;
  readonly cluster: string;
  /** By rule and signal id, in order of arrival. */
  readonly held: Map<string, Map<string, Held>>;
  /** What was last said of each alert of the group: the document without its version, as text. */
  readonly spoken: Map<string, { text: string; alert: Alert }>;
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

/** How the correlator keeps house; only tests have a reason to change it. */
export interface Housekeeping {
  /**
   * How many signals must have followed before one may be forgotten, besides its time having passed: a stage that is killed
   * repeats at most one batch, and what it repeats must still be known.
   */
  readonly offsetsKept: number;
  /** Groups are looked through for what can be forgotten after as many signals as are held, and at least this many. */
  readonly sweepEvery: number;
  /**
   * How far back a restart reads at most. A group that repeats without a pause cannot be told from its middle where its episodes
   * begin; one that has for longer than this may begin a new alert after a restart.
   */
  readonly offsetsRestored: number;
}

const HOUSEKEEPING: Housekeeping = { offsetsKept: 10_000, sweepEvery: 5_000, offsetsRestored: 500_000 };

/**
 * The correlate stage: signals in, new and revised alerts out. What it says of a group is a pure function of the set of the
 * group's signals; it only remembers what it said last, to say no more than what has changed.
 */
export class Correlator {
  readonly #plan: ReadonlyMap<string, Behaviour>;
  readonly #limits: CorrelateLimits;
  readonly #limitReached: LimitReached;
  readonly #house: Housekeeping;
  /** In order of last use. */
  readonly #groups = new Map<string, Group>();
  readonly #dirty = new Set<string>();
  /** Latest event time by cluster; as many entries as clusters send. */
  readonly #watermarks = new Map<string, number>();
  #spoken: Spoken[] = [];
  #newest = 0;
  #sinceSweep = 0;
  #heldAtSweep = 0;
  #restoreFrom: number | undefined;

  constructor(
    plan: ReadonlyMap<string, Behaviour>,
    limits: CorrelateLimits,
    limitReached: LimitReached,
    housekeeping = HOUSEKEEPING,
  ) {
    this.#plan = plan;
    this.#limits = limits;
    this.#limitReached = limitReached;
    this.#house = housekeeping;
  }

  get groups(): number {
    return this.#groups.size;
  }

  /** Lowest offset that the open groups rest on; absent if they rest on nothing. */
  get restoreFrom(): number | undefined {
    return this.#restoreFrom;
  }

  /** Takes in one signal. @param offset its place in the log, which numbers the revisions of alerts */
  add(signal: Signal, offset: number): void {
    const behaviour = this.#plan.get(signal.target);
    if (!behaviour) return; // a rule that is no longer loaded
    this.#newest = Math.max(this.#newest, offset);
    this.#sinceSweep++;
    const key = groupKey(signal);
    const group = this.#touch(key, () => newGroup(behaviour, signal.cluster, offset));
    const ofRule = group.held.get(signal.rule) ?? new Map<string, Held>();
    const known = ofRule.get(signal.id);
    if (known && !supersedes(signal, known.signal)) return;
    if (!known && ofRule.size >= this.#limits.signals_per_group_max) this.#overflow(key, group, ofRule);
    ofRule.set(signal.id, { signal, offset: known?.offset ?? offset });
    group.held.set(signal.rule, ofRule);
    group.lastOffset = offset;
    group.latest = Math.max(group.latest, timeOf(signal));
    const touched = [signal, known?.signal, ...(signal.replaces ?? []).map((id) => ofRule.get(id)?.signal)];
    for (const one of touched) if (one) group.changedFrom = Math.min(group.changedFrom, timeOf(one));
    this.#restoreFrom ??= offset;
    this.#dirty.add(key);
    if (signal.time !== undefined) {
      const watermark = this.#watermarks.get(signal.cluster) ?? 0;
      if (signal.time > watermark) this.#watermarks.set(signal.cluster, signal.time);
    }
  }

  /** What has changed since the last call: alerts that are new, revised or withdrawn. */
  take(): Spoken[] {
    for (const key of this.#dirty) this.#speak(this.#groups.get(key)!);
    this.#dirty.clear();
    if (this.#sinceSweep >= Math.max(this.#house.sweepEvery, this.#heldAtSweep)) this.#sweep();
    const spoken = this.#spoken;
    this.#spoken = [];
    return spoken;
  }

  #touch(key: string, create: () => Group): Group {
    const known = this.#groups.get(key);
    const group = known ?? create();
    if (known) this.#groups.delete(key);
    this.#groups.set(key, group);
    if (this.#groups.size > this.#limits.groups_max) {
      const [oldest, evicted] = this.#groups.entries().next().value!;
      // Its last word, if it has not been said.
      if (this.#dirty.delete(oldest)) this.#speak(evicted);
      this.#groups.delete(oldest);
      this.#limitReached('groups_max', oldest);
    }
    return group;
  }

  /**
   * Makes room for one more match of a rule. The limit holds for each rule of a group, and it is the older matches that go, but for
   * the first, by which an alert is known: so that a flood of one step of a sequence hides neither its other steps nor what follows.
   */
  #overflow(key: string, group: Group, ofRule: Map<string, Held>): void {
    if (!group.overflowed) this.#limitReached('signals_per_group_max', key);
    group.overflowed = true;
    const [first, second] = ofRule.keys();
    ofRule.delete(second ?? first!);
    group.changedFrom = Number.NEGATIVE_INFINITY;
  }

  #speak(group: Group): void {
    const version = group.lastOffset + 1;
    const current = new Set<string>();
    const { changedFrom } = group;
    group.changedFrom = Number.POSITIVE_INFINITY;
    for (const episode of group.behaviour.find(signalsOf(group))) {
      if (episode.until < changedFrom) {
        current.add(alertId(group.behaviour.rule.id, episode));
        continue;
      }
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
      this.#spoken.push({ alert, isNew: before === undefined });
    }
    for (const [id, { alert }] of group.spoken) {
      if (current.has(id)) continue;
      group.spoken.delete(id);
      const withdrawn = {
        ...alert,
        gatewatch: { ...alert.gatewatch, version, status: 'withdrawn' as const },
      };
      this.#spoken.push({ alert: withdrawn, isNew: false });
    }
  }

  /** Forgets what has passed: nothing that may still arrive can join or repeat it. Costs as much as is held, so it waits for as many signals. */
  #sweep(): void {
    let held = 0;
    let lowest = Number.POSITIVE_INFINITY;
    for (const [key, group] of this.#groups) {
      const left = this.#prune(group);
      if (left === 0) this.#groups.delete(key);
      else lowest = Math.min(lowest, group.since);
      held += left;
    }
    const floor = this.#newest - this.#house.offsetsRestored;
    this.#restoreFrom = lowest === Number.POSITIVE_INFINITY ? undefined : Math.max(lowest, floor);
    this.#heldAtSweep = held;
    this.#sinceSweep = 0;
  }

  /** @returns what the group still takes up; 0 if what follows cannot depend on it. */
  #prune(group: Group): number {
    const horizon = (this.#watermarks.get(group.cluster) ?? 0) - this.#limits.lateness_seconds * 1_000_000;
    const { find, span } = group.behaviour;
    const recent = this.#newest - this.#house.offsetsKept;
    const before = [...heldBy(group)].sort((a, b) => bySequence(a.signal, b.signal));
    const all = new Map(before.map((held) => [held.signal.id, held]));
    const mayRepeat = (id: string): boolean => (all.get(id)?.offset ?? -1) >= recent;
    const open = new Set<string>();
    const closed = new Set<string>();
    for (const episode of find(signalsOf(group))) {
      const ids = episode.signals.flatMap((signal) => [signal.id, ...(signal.replaces ?? [])]);
      const isClosed = episode.until < horizon && !ids.some(mayRepeat);
      if (isClosed) group.spoken.delete(alertId(group.behaviour.rule.id, episode));
      for (const id of ids) (isClosed ? closed : open).add(id);
    }
    for (const { signal } of before) {
      const { id } = signal;
      if (!open.has(id) && timeOf(signal) + span < horizon && !mayRepeat(id)) closed.add(id);
    }
    group.since = sinceOf(group, before, closed, horizon);
    for (const { signal } of before) {
      if (!closed.has(signal.id)) continue;
      group.held.get(signal.rule)!.delete(signal.id);
      group.closedLatest = Math.max(group.closedLatest, timeOf(signal));
    }
    const left = before.filter(({ signal }) => !closed.has(signal.id)).length;
    if (left < this.#limits.signals_per_group_max) group.overflowed = false;
    // Until a pause is certain, where the next episode begins depends on the ones before it.
    return left > 0 || group.latest + span >= horizon ? left + 1 : 0;
  }
}

/**
 * Where to read again from to know the group's episodes: they are told apart by a pause longer than any of them, and what came before
 * the last such pause does not matter any more.
 */
function sinceOf(group: Group, held: readonly Held[], closed: ReadonlySet<string>, horizon: number): number {
  const { span } = group.behaviour;
  let last = group.closedLatest;
  let pause = -1;
  for (const [index, { signal }] of held.entries()) {
    const time = timeOf(signal);
    if (time > last + span && last + span < horizon) pause = index;
    if (!closed.has(signal.id)) break;
    last = time;
  }
  if (pause < 0) return group.since;
  return held.slice(pause).reduce((lowest, { offset }) => Math.min(lowest, offset), Number.POSITIVE_INFINITY);
}

function newGroup(behaviour: Behaviour, cluster: string, offset: number): Group {
  return {
    behaviour,
    cluster,
    held: new Map(),
    spoken: new Map(),
    latest: 0,
    closedLatest: Number.NEGATIVE_INFINITY,
    since: offset,
    lastOffset: offset,
    overflowed: false,
    changedFrom: Number.POSITIVE_INFINITY,
  };
}

/** Signals without a time cannot be put in order with others: each is a group of its own. */
function groupKey(signal: Signal): string {
  const own = signal.time === undefined ? [signal.id] : [];
  return JSON.stringify([signal.target, signal.cluster, signal.group, ...own]);
}

/**
 * A later stage of the same request tells more, and among records of one stage the one that was not cut; what is left is decided by
 * content, so that neither order of arrival nor repetition matters.
 */
function supersedes(signal: Signal, known: Signal): boolean {
  const order =
    known.rank - signal.rank ||
    timeOf(signal) - timeOf(known) ||
    (signal.limits?.length ?? 0) - (known.limits?.length ?? 0) ||
    compareTexts(signal.evidence.record_id, known.evidence.record_id) ||
    signal.received_ms - known.received_ms;
  return order < 0;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function* heldBy(group: Group): Iterable<Held> {
  for (const ofRule of group.held.values()) yield* ofRule.values();
}

/** The group's signals in order, without those that another source's signal about the same request replaces. */
function signalsOf(group: Group): Signal[] {
  const signals = Array.from(heldBy(group), (held) => held.signal);
  const replaced = new Set(signals.flatMap((signal) => signal.replaces ?? []));
  return signals.filter((signal) => !replaced.has(signal.id)).sort(bySequence);
}
