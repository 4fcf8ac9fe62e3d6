import type { EventTime } from '../../record/time.ts';
import type { BaselineEntry, BaselineKey, Changes } from './entry.ts';
import { DAY, type Run, type Runs, withMatch, withRun } from './run.ts';

/** Timespans for which a value is remembered after it was shown: one to know it again, one to tell when it was last seen. */
export const TIMESPANS_KEPT = 2;

/** A value of a group. */
interface Remembered {
  readonly runs: Runs;
  readonly timespan: number;
}

const NOTHING: Runs = [];

/**
 * What groups of one cluster have shown of what one rule looks at. It only grows until it is too old to matter: no match that was taken in is
 * taken back, so that order, repetition and restarts make no difference.
 */
export class Baseline {
  readonly key: BaselineKey;
  readonly #changes: Changes;
  /** By hashes of the values of the group, then of the fields. */
  readonly #groups = new Map<string, Map<string, Remembered>>();
  #begun: EventTime | undefined;

  constructor(key: BaselineKey, changes: Changes) {
    this.key = key;
    this.#changes = changes;
  }

  /** When it begins; infinity as long as it has no match. */
  get begun(): EventTime {
    return this.#begun ?? Number.POSITIVE_INFINITY;
  }

  get groups(): number {
    return this.#groups.size;
  }

  /** Number of values remembered of a group; undefined if the group is not. */
  valuesOf(group: string): number | undefined {
    return this.#groups.get(group)?.size;
  }

  /** When a group showed a value. */
  runsOf(group: string, value: string): Runs {
    return this.#groups.get(group)?.get(value)?.runs ?? NOTHING;
  }

  /** A match is at this time. @returns whether the baseline begins earlier by it */
  begin(time: EventTime): boolean {
    const before = this.#begun;
    if (time >= this.begun) return false;
    this.#begun = time;
    this.#changes.add({ ...this.key, begun: time }, true);
    if (before !== undefined) this.#changes.add({ ...this.key, begun: before }, false);
    return true;
  }

  /**
   * Remembers that a group showed a value at this time.
   * @param timespan how far the rule looks back, microseconds
   * @returns whether that is more than was remembered
   */
  remember(group: string, value: string, time: EventTime, timespan: number): boolean {
    const before = this.runsOf(group, value);
    const runs = withMatch(before, time, timespan);
    if (runs === before) return false;
    this.#replace(group, value, before, runs, timespan);
    return true;
  }

  /** Takes back an entry that was kept. */
  restore(entry: BaselineEntry): void {
    if (!('run' in entry)) {
      if (this.#begun === undefined) this.#begun = entry.begun;
      else if (!this.begin(entry.begun)) this.#changes.add(entry, false);
      return;
    }
    const { group, value, run, timespan } = entry;
    const before = this.runsOf(group, value);
    // It is there already: only what others make of it is a change.
    this.#replace(group, value, [...before, run], withRun(before, run, timespan), timespan);
  }

  /** Forgets what will say nothing of matches from this time on. */
  forgetBefore(time: EventTime): void {
    for (const [group, values] of this.#groups) {
      for (const [value, { runs, timespan }] of values) {
        const kept = runs.filter(({ last }) => (last + 1) * DAY + TIMESPANS_KEPT * timespan > time);
        if (kept.length < runs.length) this.#replace(group, value, runs, kept, timespan);
      }
      if (values.size === 0) this.#groups.delete(group);
    }
  }

  #replace(group: string, value: string, before: Runs, runs: Runs, timespan: number): void {
    const values = this.#groups.get(group) ?? new Map<string, Remembered>();
    this.#groups.set(group, values);
    if (runs.length > 0) values.set(value, { runs, timespan });
    else values.delete(value);
    const entryOf = (run: Run) => ({ ...this.key, group, value, run, timespan });
    // What takes the place of another is kept before that is let go.
    for (const run of runs) if (!before.some(sameAs(run))) this.#changes.add(entryOf(run), true);
    for (const run of before) if (!runs.some(sameAs(run))) this.#changes.add(entryOf(run), false);
  }
}

function sameAs({ first, last }: Run): (run: Run) => boolean {
  return (run) => run.first === first && run.last === last;
}
