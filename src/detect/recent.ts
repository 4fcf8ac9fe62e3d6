import type { ReceivedRecord } from '../record/record.ts';
import type { Signal } from '../record/signal.ts';
import type { EventTime } from '../record/time.ts';
import type { Taught } from './memory/learn.ts';
import { inOrder, type Moment } from './memory/moment.ts';

/** Limits of what is kept of recent records; each is a key of the configuration. */
export interface RecentLimits {
  /** How late an earlier record may arrive. */
  readonly lateness_seconds: number;
  readonly recent_bytes_max: number;
}

/** A record whose signals depend on what came before it, and what it came to so far. */
export interface Recent extends Moment {
  readonly record: ReceivedRecord;
  /** Its place in the log. */
  readonly offset: number;
  /** What of the past was asked for. */
  readonly asked: ReadonlySet<string>;
  readonly signals: readonly Signal[];
  readonly taught: Taught;
}

/** Bytes of a signal beside those of its record, about. */
const SIGNAL_BYTES = 1500;

/** Records between two looks for what can be let go. */
const SWEEP_EVERY = 1000;

/**
 * Records that have to be looked at again if one arrives that came before them: those of the last minutes of event time that asked for the past. Bounded in
 * bytes: then the ones that came first are let go, and keep what they came to.
 */
export class RecentRecords {
  readonly #limits: RecentLimits;
  readonly #limitReached: () => void;
  /** In order of arrival, by record. */
  readonly #records = new Map<string, Recent>();
  /** In order of event time, by key of the records. */
  readonly #byKey = new Map<string, Recent[]>();
  /** Latest event time by cluster. */
  readonly #latest = new Map<string, EventTime>();
  #bytes = 0;
  #added = 0;

  constructor(limits: RecentLimits, limitReached: () => void) {
    this.#limits = limits;
    this.#limitReached = limitReached;
  }

  /** Lowest offset of the records kept; undefined if there are none. */
  get lowestOffset(): number | undefined {
    let lowest: number | undefined;
    for (const { offset } of this.#records.values()) lowest = Math.min(lowest ?? offset, offset);
    return lowest;
  }

  /** Takes in a record, or what one came to when it was looked at again. */
  put(recent: Recent): void {
    const { record, time } = recent;
    const latest = Math.max(this.#latest.get(record.cluster) ?? 0, time);
    this.#latest.set(record.cluster, latest);
    if (++this.#added % SWEEP_EVERY === 0) this.#sweep();
    if (time < latest - this.#limits.lateness_seconds * 1_000_000) return;
    const known = this.#records.get(record.id);
    if (known) this.#drop(known);
    this.#records.set(record.id, recent);
    this.#bytes += bytesOf(recent);
    const ofKey = this.#byKey.get(record.key);
    if (ofKey) insert(ofKey, recent);
    else this.#byKey.set(record.key, [recent]);
    while (this.#bytes > this.#limits.recent_bytes_max) {
      this.#limitReached();
      this.#drop(this.#records.values().next().value!);
    }
  }

  /** The records of a key that came after a moment, by event time. */
  after(key: string, moment: Moment): Recent[] {
    const ofKey = this.#byKey.get(key) ?? [];
    // Nearly always there are none.
    let from = ofKey.length;
    while (from > 0 && isAfter(ofKey[from - 1]!, moment)) from--;
    return ofKey.slice(from);
  }

  #sweep(): void {
    for (const recent of this.#records.values()) {
      const horizon = this.#latest.get(recent.record.cluster)! - this.#limits.lateness_seconds * 1_000_000;
      if (recent.time < horizon) this.#drop(recent);
    }
  }

  #drop(recent: Recent): void {
    const { id, key } = recent.record;
    this.#records.delete(id);
    this.#bytes -= bytesOf(recent);
    const ofKey = this.#byKey.get(key)!;
    ofKey.splice(ofKey.indexOf(recent), 1);
    if (ofKey.length === 0) this.#byKey.delete(key);
  }
}

function bytesOf({ record, signals }: Recent): number {
  return record.bytes.length + signals.length * SIGNAL_BYTES;
}

function insert(ofKey: Recent[], recent: Recent): void {
  let at = ofKey.length;
  while (at > 0 && inOrder(ofKey[at - 1]!, recent) > 0) at--;
  ofKey.splice(at, 0, recent);
}

function isAfter(recent: Recent, moment: Moment): boolean {
  return recent.request !== moment.request && inOrder(recent, moment) > 0;
}
