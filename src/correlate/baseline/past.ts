import type { EventTime } from '../../record/time.ts';
import type { Baseline } from './baseline.ts';
import { knownBy, type Runs } from './run.ts';

/** What is remembered of one value of one group. */
export class Past {
  readonly baseline: Baseline;
  /** Hash of the values of the group. */
  readonly group: string;
  readonly #value: string;
  readonly #timespan: number;

  /** @param value hash of the values of the fields @param timespan how far the rule looks back, microseconds */
  constructor(baseline: Baseline, group: string, value: string, timespan: number) {
    this.baseline = baseline;
    this.group = group;
    this.#value = value;
    this.#timespan = timespan;
  }

  get runs(): Runs {
    return this.baseline.runsOf(this.group, this.#value);
  }

  /** @returns whether that is more than was remembered */
  remember(time: EventTime): boolean {
    return this.baseline.remember(this.group, this.#value, time, this.#timespan);
  }

  /** Whether the value is known at a time, and has been for longer than `span` microseconds. */
  isHabit(time: EventTime, span: number): boolean {
    const run = knownBy(this.runs, time, this.#timespan);
    return run !== undefined && run.first + span < time;
  }
}
