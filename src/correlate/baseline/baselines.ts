import { contentId } from '../../record/record.ts';
import { type Signal, signalKey } from '../../record/signal.ts';
import type { EventTime } from '../../record/time.ts';
import { Baseline } from './baseline.ts';
import { type BaselineChange, type BaselineEntry, type BaselineKey, Changes } from './entry.ts';
import { Past } from './past.ts';
import { type Day, dayOf } from './run.ts';

/** Limits of the memory of one correlator; each is a key of the configuration. */
export interface BaselineLimits {
  readonly baseline_groups_max: number;
  readonly baseline_values_per_group_max: number;
}

/** What a rule looks at. */
export interface BaselineRule {
  /** Tells it from what the rule looked at before it was changed. */
  readonly shape: string;
  /** Names of the fields whose values make up one value. */
  readonly fields: readonly string[];
  /** How far it looks back, and how long an alert counts repeats, microseconds. */
  readonly timespan: number;
  readonly suppress: number;
}

/** `Signal.rank` of what tells how a request ended. */
const RANK_DONE = 3;

/** All baselines of one correlator. */
export class Baselines {
  readonly #limits: BaselineLimits;
  readonly #changes = new Changes();
  /** Of rules that are not loaded too, so that taking a rule out for a while costs it nothing. */
  readonly #all = new Map<string, Baseline>();
  readonly #forgotten = new Map<string, Day>();

  constructor(limits: BaselineLimits) {
    this.#limits = limits;
  }

  /** The past of what a signal shows; undefined if it shows nothing that could be compared. */
  pastOf(signal: Signal, { shape, fields, timespan }: BaselineRule): Past | undefined {
    const { cluster, group, time, values, rank } = signal;
    const shown = fields.flatMap((field) => values?.[field] ?? []);
    // A signal that the rule gave before it was changed.
    if (!signal.spans_groups || shown.length < fields.length) return undefined;
    if (time === undefined) return undefined;
    // What a record that is not the last of its request lacks, a later one may have.
    if (rank < RANK_DONE && shown.includes('')) return undefined;
    const baseline = this.#of({ signals: signalKey(signal), shape, cluster });
    return new Past(baseline, contentId(...group), contentId(...shown), timespan);
  }

  /** The limit that leaves no room for a value that is not known. What there is no room for is neither remembered nor told as new. */
  limitReached({ baseline, group }: Past): keyof BaselineLimits | undefined {
    const values = baseline.valuesOf(group);
    if (values !== undefined) {
      return values < this.#limits.baseline_values_per_group_max
        ? undefined
        : 'baseline_values_per_group_max';
    }
    let groups = 0;
    for (const each of this.#all.values()) groups += each.groups;
    return groups < this.#limits.baseline_groups_max ? undefined : 'baseline_groups_max';
  }

  /** Takes back an entry that was kept. */
  restore(entry: BaselineEntry): void {
    this.#of(entry).restore(entry);
  }

  /** What has changed since the last call. */
  take(): BaselineChange[] {
    return this.#changes.take();
  }

  /** Forgets what will say nothing of a cluster's matches from this time on. */
  forgetBefore(cluster: string, time: EventTime): void {
    // Days are what is remembered: it costs a look at all, so once a day.
    const day = dayOf(time);
    if (day <= (this.#forgotten.get(cluster) ?? Number.NEGATIVE_INFINITY)) return;
    this.#forgotten.set(cluster, day);
    for (const baseline of this.#all.values())
      if (baseline.key.cluster === cluster) baseline.forgetBefore(time);
  }

  #of({ signals, shape, cluster }: BaselineKey): Baseline {
    const key = `${signals}/${shape}`;
    const known = this.#all.get(key);
    if (known) return known;
    const baseline = new Baseline({ signals, shape, cluster }, this.#changes);
    this.#all.set(key, baseline);
    return baseline;
  }
}
