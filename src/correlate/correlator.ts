import type { Alert } from '../record/alert.ts';
import type { Signal } from '../record/signal.ts';
import { type EventTime, SECOND } from '../record/time.ts';
import { alertId, alertOf } from './alert.ts';
import { type BaselineLimits, type BaselineRule, Baselines } from './baseline/baselines.ts';
import type { BaselineChange, BaselineEntry } from './baseline/entry.ts';
import type { Past } from './baseline/past.ts';
import { timeOf } from './episodes.ts';
import { forgetPassed } from './forget.ts';
import {
  type Group,
  groupKey,
  type Held,
  heldBy,
  historyOf,
  newGroup,
  partOf,
  supersedes,
  takesAway,
} from './group.ts';
import { behavesAs, type Plan } from './plan.ts';

/** Limits of the correlation; each is a key of the configuration. */
export interface CorrelateLimits extends BaselineLimits {
  readonly lateness_seconds: number;
  readonly lateness_review_seconds: number;
  readonly groups_max: number;
  readonly signals_per_group_max: number;
  readonly evidence_max: number;
}

/** Told when a limit is reached, so that it is counted. */
export type LimitReached = (limit: Exclude<keyof CorrelateLimits, 'evidence_max'>, group: string) => void;

/** An alert to pass on. */
export interface Spoken {
  readonly alert: Alert;
  /** False for a revision of an alert already passed on, or its withdrawal. */
  readonly isNew: boolean;
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
  #plan: Plan;
  readonly #limits: CorrelateLimits;
  readonly #limitReached: LimitReached;
  readonly #house: Housekeeping;
  /** In order of last use. */
  readonly #groups = new Map<string, Group>();
  readonly #dirty = new Set<string>();
  /** Of absences: what the clock may change. */
  readonly #awaited = new Set<string>();
  readonly #baselines: Baselines;
  /** Latest event time by cluster; as many entries as clusters send. */
  readonly #watermarks = new Map<string, number>();
  /** By cluster: the time before which nothing was held and nothing could arrive when groups were last looked through. */
  readonly #settled = new Map<string, EventTime>();
  #spoken: Spoken[] = [];
  #newest = 0;
  #sinceSweep = 0;
  #heldAtSweep = 0;
  #restoreFrom: number | undefined;

  constructor(plan: Plan, limits: CorrelateLimits, limitReached: LimitReached, housekeeping = HOUSEKEEPING) {
    this.#plan = plan;
    this.#limits = limits;
    this.#baselines = new Baselines(limits);
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
    this.#watch(signal);
    const key = groupKey(signal, behaviour);
    if (signal.withdrawn) {
      this.#withdraw(signal, key, offset);
      return;
    }
    const { baseline, silentAfter } = behaviour;
    if (silentAfter === undefined) this.#countLate(signal, key);
    else this.#awaited.add(key);
    const past = baseline && this.#baselines.pastOf(signal, baseline);
    if (baseline && !(past && this.#remember(signal, key, past, baseline))) return;
    const group = this.#touch(key, () => newGroup(behaviour, signal.cluster, past, offset));
    const part = partOf(signal);
    const ofRule = group.held.get(part) ?? new Map<string, Held>();
    const known = ofRule.get(signal.id);
    const earliest = Math.min(timeOf(signal), known?.earliest ?? Number.POSITIVE_INFINITY);
    const told = known && !supersedes(signal, known.signal) ? known.signal : signal;
    if (told === known?.signal && !(past && earliest < known.earliest)) return;
    if (!known && ofRule.size >= this.#limits.signals_per_group_max) this.#overflow(key, group, ofRule);
    ofRule.set(signal.id, {
      signal: told,
      offset: known?.offset ?? offset,
      earliest,
      spent: known?.spent ?? false,
    });
    group.held.set(part, ofRule);
    // What comes later than the lateness allows is looked at all the same.
    group.from = Math.min(group.from, past ? earliest : timeOf(told));
    group.lastOffset = offset;
    group.latest = Math.max(group.latest, timeOf(signal));
    const replaced = (signal.replaces ?? []).flatMap((id) => ofRule.get(id)?.earliest ?? []);
    group.changedFrom = Math.min(group.changedFrom, earliest, ...replaced);
    // What comes after a silence tells of it, however long ago it began.
    if (silentAfter !== undefined) group.changedFrom = Number.NEGATIVE_INFINITY;
    this.#restoreFrom ??= offset;
    this.#dirty.add(key);
  }

  /** Takes a signal away that the same record has given. What a baseline has learnt of it, it keeps. */
  #withdraw(signal: Signal, key: string, offset: number): void {
    const group = this.#groups.get(key);
    const ofRule = group?.held.get(partOf(signal));
    const known = ofRule?.get(signal.id);
    if (!group || !ofRule || !known || !takesAway(signal, known.signal)) return;
    ofRule.delete(signal.id);
    group.lastOffset = offset;
    group.changedFrom = Math.min(group.changedFrom, known.earliest);
    this.#dirty.add(key);
  }

  /**
   * Tells that time passes. To be called only once all that has come was added: for what falls silent, when nothing follows.
   * @param now Unix milliseconds
   */
  passTime(now: number): void {
    for (const key of this.#awaited) {
      const group = this.#groups.get(key);
      if (!group) {
        this.#awaited.delete(key);
        continue;
      }
      const { silentAfter } = group.behaviour;
      // Waiting is a use: the silent ones would be the first to be let go.
      this.#touch(key, () => group);
      const last = latestIn(group);
      // What was recorded long ago and is sent now falls silent when it has all been sent.
      const isLive = last && last.received_ms * 1000 - timeOf(last) < silentAfter!;
      if (!isLive || now * 1000 <= timeOf(last) + silentAfter!) continue;
      group.passed = now * 1000;
      group.changedFrom = Math.min(group.changedFrom, timeOf(last));
      this.#dirty.add(key);
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

  /** What has changed in what baselines remember since the last call. To be kept once what `take` gave is: what is remembered is not told again. */
  learnt(): BaselineChange[] {
    return this.#baselines.take();
  }

  /** Takes back, before the first signal, what earlier calls of `learnt` have given. */
  restore(entry: BaselineEntry): void {
    this.#baselines.restore(entry);
  }

  /**
   * Goes on with other rules. Groups of rules that are gone are let go, and their alerts stay as they are; those of rules that are changed say
   * what these say of the signals at hand.
   */
  use(plan: Plan): void {
    const before = this.#plan;
    if (plan === before) return;
    this.#plan = plan;
    const unchanged = new Set<string>();
    for (const [id, behaviour] of plan) {
      const known = before.get(id);
      if (known && behavesAs(behaviour, known)) unchanged.add(id);
    }
    for (const [key, group] of this.#groups) {
      const known = group.behaviour;
      const behaviour = plan.get(known.rule.id);
      if (behaviour && behaviour.baseline?.shape === known.baseline?.shape) {
        group.behaviour = behaviour;
        if (!unchanged.has(known.rule.id)) this.#restate(key, group);
      } else {
        this.#groups.delete(key);
        this.#dirty.delete(key);
      }
    }
  }

  #watch({ cluster, time }: Signal): void {
    if (time !== undefined && time > (this.#watermarks.get(cluster) ?? 0))
      this.#watermarks.set(cluster, time);
  }

  /** Counts a match that has come later than its source may be. */
  #countLate({ cluster, time, evidence }: Signal, key: string): void {
    if (time === undefined) return;
    const limit = evidence.source === 'review' ? 'lateness_review_seconds' : 'lateness_seconds';
    const late = (this.#watermarks.get(cluster) ?? 0) - time;
    if (late > this.#limits[limit] * SECOND) this.#limitReached(limit, key);
  }

  /** Takes a match into its baseline. @returns whether it is to be held: an alert may hold it, or holds other records of its request */
  #remember(signal: Signal, key: string, past: Past, { suppress }: BaselineRule): boolean {
    const time = timeOf(signal);
    if (past.baseline.begin(time)) {
      for (const [other, group] of this.#groups) {
        if (group.past?.baseline === past.baseline) this.#restate(other, group);
      }
    }
    const limit = past.runs.length > 0 ? undefined : this.#baselines.limitReached(past);
    if (limit) {
      this.#limitReached(limit, key);
      return false;
    }
    const group = this.#groups.get(key);
    if (past.remember(time) && group) this.#restate(key, group);
    // Earlier records of the request may still arrive.
    if (!past.isHabit(time, suppress + this.#lateness)) return true;
    const ofRule = group?.held.get(partOf(signal));
    return [signal.id, ...(signal.replaces ?? [])].some((id) => ofRule?.has(id));
  }

  /** Has a group say again what has changed, whatever it rests on. */
  #restate(key: string, group: Group): void {
    group.changedFrom = Number.NEGATIVE_INFINITY;
    group.lastOffset = this.#newest;
    this.#dirty.add(key);
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
    for (const episode of group.behaviour.find(historyOf(group), group.past)) {
      if (episode.until < changedFrom) {
        current.add(alertId(group.behaviour.rule.id, episode));
        continue;
      }
      const alert = alertOf(episode, group.behaviour.rule, {
        version: 0,
        evidenceMax: this.#limits.evidence_max,
        overflowed: group.overflowed,
        taken: group.behaviour.taken,
      });
      const id = alert.event.id;
      current.add(id);
      const text = JSON.stringify(alert);
      const before = group.spoken.get(id);
      if (before === text) continue;
      group.spoken.set(id, text);
      this.#spoken.push({ alert: revised(alert, { version }), isNew: before === undefined });
    }
    for (const [id, text] of group.spoken) {
      if (current.has(id)) continue;
      group.spoken.delete(id);
      const alert = revised(JSON.parse(text), { version, status: 'withdrawn' });
      this.#spoken.push({ alert, isNew: false });
    }
  }

  /** Forgets what has passed: nothing that may still arrive can join or repeat it. Costs as much as is held, so it waits for as many signals. */
  #sweep(): void {
    let held = 0;
    let lowest = Number.POSITIVE_INFINITY;
    // What was settled then: a batch that is repeated after a crash must find what it found before.
    for (const [cluster, time] of this.#settled) this.#baselines.forgetBefore(cluster, time);
    for (const cluster of this.#watermarks.keys()) this.#settled.set(cluster, this.#horizon(cluster));
    for (const [key, group] of this.#groups) {
      const expected = {
        horizon: this.#horizon(group.cluster),
        recent: this.#newest - this.#house.offsetsKept,
      };
      const left = forgetPassed(group, expected);
      if (left <= this.#limits.signals_per_group_max) group.overflowed = false;
      if (left === 0) this.#groups.delete(key);
      else lowest = Math.min(lowest, group.since);
      held += left;
      const { past, cluster } = group;
      if (past)
        for (const { earliest } of heldBy(group))
          this.#settled.set(cluster, Math.min(this.#settled.get(cluster)!, earliest));
    }
    const floor = this.#newest - this.#house.offsetsRestored;
    this.#restoreFrom = lowest === Number.POSITIVE_INFINITY ? undefined : Math.max(lowest, floor);
    this.#heldAtSweep = held;
    this.#sinceSweep = 0;
  }

  /** Microseconds. */
  get #lateness(): number {
    const { lateness_seconds, lateness_review_seconds } = this.#limits;
    return Math.max(lateness_seconds, lateness_review_seconds) * SECOND;
  }

  /** The time before which nothing may arrive any more. */
  #horizon(cluster: string): EventTime {
    return (this.#watermarks.get(cluster) ?? 0) - this.#lateness;
  }
}

function latestIn(group: Group): Signal | undefined {
  let latest: Signal | undefined;
  for (const { signal } of heldBy(group)) if (!latest || timeOf(signal) > timeOf(latest)) latest = signal;
  return latest;
}

function revised(alert: Alert, changes: Partial<Alert['gatewatch']>): Alert {
  return { ...alert, gatewatch: { ...alert.gatewatch, ...changes } };
}
