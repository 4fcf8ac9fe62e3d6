import type { ReceivedRecord } from '../record/record.ts';
import { type EventTime, SECOND } from '../record/time.ts';
import { inOrder, type Moment } from './memory/moment.ts';

/** Limits of what is kept of recent records; each is a key of the configuration. */
export interface RecentLimits {
  /** How late an earlier record may arrive. */
  readonly lateness_seconds: number;
  readonly recent_bytes_max: number;
}

/** A record whose signals depend on what came before it. */
export interface Recent extends Moment {
  readonly record: ReceivedRecord;
  /** Its place in the log. */
  readonly offset: number;
  /** What of the past was asked for. */
  readonly asked: readonly string[];
}

/** Of a record without a time that can be believed. Nothing is before it that it could be told from. */
export const NO_TIME: EventTime = Number.MAX_SAFE_INTEGER;

/** Records between two looks for what can be let go. */
const SWEEP_EVERY = 1000;

/**
 * Records that have to be looked at again if one arrives that came before them: those of the last minutes of event time that asked for the past. Bounded in
 * bytes: then the ones that came first are let go, and keep what they came to.
 */
export class RecentRecords {
  readonly #limits: RecentLimits;
  readonly #limitReached: () => void;
  /** By record, in the order of their offsets. */
  readonly #records = new Map<string, Recent>();
  /** In order of event time, by key of the records. */
  readonly #byKey = new Map<string, Recent[]>();
  /** Latest event time by cluster. */
  readonly #latest = new Map<string, EventTime>();
  /** Latest time of arrival, Unix milliseconds. */
  #received = 0;
  #bytes = 0;
  #added = 0;

  constructor(limits: RecentLimits, limitReached: () => void) {
    this.#limits = limits;
    this.#limitReached = limitReached;
  }

  /** Lowest offset of the records kept; undefined if there are none. */
  get lowestOffset(): number | undefined {
    return this.#records.values().next().value?.offset;
  }

  /** Whether a record is new, and an earlier one may still arrive. */
  wants({ id, cluster }: ReceivedRecord, time: EventTime): boolean {
    const latest = this.#latest.get(cluster) ?? 0;
    if (time > latest && time !== NO_TIME) this.#latest.set(cluster, time);
    return time !== NO_TIME && time >= latest - this.#lateness && !this.#records.has(id);
  }

  /** Takes in a record that is wanted, or what one came to when it was looked at again. */
  put(recent: Recent): void {
    const { record } = recent;
    this.#received = Math.max(this.#received, record.receivedMs);
    if (++this.#added % SWEEP_EVERY === 0) this.#sweep();
    const known = this.#records.get(record.id);
    if (known) this.#unlink(known);
    // One that comes again keeps its place: it is read again from there.
    this.#link(known ? { ...recent, offset: known.offset } : recent);
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

  /** Microseconds. */
  get #lateness(): number {
    return this.#limits.lateness_seconds * SECOND;
  }

  #sweep(): void {
    // A cluster that sends no more must not have a restart read all that others have sent since.
    const arrived = this.#received - 2000 * this.#limits.lateness_seconds;
    for (const recent of this.#records.values()) {
      if (recent.record.receivedMs >= arrived) break;
      this.#drop(recent);
    }
    for (const [key, ofKey] of this.#byKey) {
      const horizon = this.#latest.get(ofKey[0]!.record.cluster)! - this.#lateness;
      const kept = ofKey.findIndex(({ time }) => time >= horizon);
      for (const { record } of ofKey.splice(0, kept < 0 ? ofKey.length : kept)) {
        this.#records.delete(record.id);
        this.#bytes -= record.bytes.length;
      }
      if (ofKey.length === 0) this.#byKey.delete(key);
    }
  }

  #drop(recent: Recent): void {
    this.#records.delete(recent.record.id);
    this.#unlink(recent);
  }

  #link(recent: Recent): void {
    const { id, key } = recent.record;
    this.#records.set(id, recent);
    this.#bytes += recent.record.bytes.length;
    const ofKey = this.#byKey.get(key);
    if (ofKey) insert(ofKey, recent);
    else this.#byKey.set(key, [recent]);
  }

  #unlink(recent: Recent): void {
    const { key } = recent.record;
    this.#bytes -= recent.record.bytes.length;
    const ofKey = this.#byKey.get(key)!;
    ofKey.splice(ofKey.indexOf(recent), 1);
    if (ofKey.length === 0) this.#byKey.delete(key);
  }
}

function insert(ofKey: Recent[], recent: Recent): void {
  let at = ofKey.length;
  while (at > 0 && inOrder(ofKey[at - 1]!, recent) > 0) at--;
  ofKey.splice(at, 0, recent);
}

function isAfter(recent: Recent, moment: Moment): boolean {
  return recent.request !== moment.request && inOrder(recent, moment) > 0;
}
