import type { EventTime } from '../../record/time.ts';
import type { Run } from './run.ts';

/** Which baseline: what one rule looks at in one cluster. */
export interface BaselineKey {
  /** Key of its signals, in whose partition its entries are. */
  readonly signals: string;
  /** Tells what the rule looks at: one that looks at something else begins anew. */
  readonly shape: string;
  readonly cluster: string;
}

/** When a baseline begins. Of several entries the earliest counts. */
export interface BeginningEntry extends BaselineKey {
  readonly begun: EventTime;
}

/** That a group showed a value. Several entries of one value are joined. */
export interface ValueEntry extends BaselineKey {
  /** Hashes of the values of the group and of the fields. */
  readonly group: string;
  readonly value: string;
  readonly run: Run;
  /** How far the rule looks back, microseconds. */
  readonly timespan: number;
}

/** What is remembered of baselines, in parts that are kept independently of each other. */
export type BaselineEntry = BeginningEntry | ValueEntry;

/** An entry that is new, or was let go. */
export interface BaselineChange {
  readonly entry: BaselineEntry;
  readonly kept: boolean;
}

/**
 * What tells an entry from all others, in parts: all that it says is among them, so that a process that has lost the partition and does not
 * know it yet can add what others have left behind, and overwrite nothing.
 */
export function entryKey(entry: BaselineEntry): string[] {
  const { signals, shape } = entry;
  return 'run' in entry
    ? [signals, shape, entry.group, entry.value, String(entry.run.first), String(entry.run.last)]
    : [signals, shape, String(entry.begun)];
}

/** Changes in the order in which whoever keeps entries has to make them: what takes the place of another comes before that is let go. */
export class Changes {
  readonly #byKey = new Map<string, BaselineChange>();

  add(entry: BaselineEntry, kept: boolean): void {
    const key = entryKey(entry).join();
    this.#byKey.delete(key);
    this.#byKey.set(key, { entry, kept });
  }

  /** All since the last call. */
  take(): BaselineChange[] {
    const changes = [...this.#byKey.values()];
    this.#byKey.clear();
    return changes;
  }
}
