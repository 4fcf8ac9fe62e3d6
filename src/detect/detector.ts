import { GatewatchError } from '../errors.ts';
import type { ReceivedRecord } from '../record/record.ts';
import type { Signal } from '../record/signal.ts';
import { DecisionView } from './decision-view.ts';
import { decode } from './decode/decode.ts';
import { type AwaitedRule, Heartbeats } from './heartbeats.ts';
import { NOTHING, type Taught, taughtBy } from './memory/learn.ts';
import { Memory, type MemoryChange, type MemoryLimits } from './memory/memory.ts';
import type { Moment } from './memory/moment.ts';
import { accountsOf } from './memory/object-history.ts';
import { type Recent, type RecentLimits, RecentRecords } from './recent.ts';
import { ACCOUNT, dependsOn, NEVER, POSTURE, Recollection } from './recollection.ts';
import type { RuleIndex } from './sigma/rule-index.ts';
import { signalsOf } from './signals.ts';
import type { Target } from './targets.ts';
import { EventView } from './view.ts';

/** Limits of the detectors; each is a key of the configuration. */
export interface DetectLimits extends MemoryLimits, RecentLimits {
  readonly facts_text_chars_max: number;
  readonly event_time_ahead_seconds_max: number;
}

/** Told when a limit is reached, so that it is counted. */
export type LimitReached = (limit: keyof MemoryLimits | 'recent_bytes_max') => void;

/** Rules, and where their matches go. */
export interface DetectorRules {
  readonly index: RuleIndex;
  readonly targets: ReadonlyMap<string, readonly Target[]>;
  readonly awaited: readonly AwaitedRule[];
}

/** What one record came to. */
export interface Detection {
  readonly signals: readonly Signal[];
  /** The record decoded, as rules read it. */
  readonly view: EventView;
  /** What the record changed in what is known of the past; whoever keeps the state does the same. */
  readonly learnt: readonly MemoryChange[];
}

/**
 * The detect stage: records in, signals out. Its only memory is what is known of each namespace and its objects, keyed as records are, and the records of the
 * last minutes that depend on it: they are looked at again when an earlier one arrives, so that order of arrival makes no difference. The same record gives the
 * same signals however often it is read, but for heartbeats, which are told once.
 */
export class Detector {
  #rules: RuleIndex;
  #targets: ReadonlyMap<string, readonly Target[]>;
  #awaited: readonly AwaitedRule[];
  readonly #limits: DetectLimits;
  readonly #memory: Memory;
  readonly #recent: RecentRecords;
  readonly #heartbeats = new Heartbeats();

  constructor(
    { index, targets, awaited }: DetectorRules,
    limits: DetectLimits,
    limitReached: LimitReached = () => {},
  ) {
    this.#rules = index;
    this.#targets = targets;
    this.#awaited = awaited;
    this.#limits = limits;
    this.#memory = new Memory(limits, limitReached);
    this.#recent = new RecentRecords(limits, () => limitReached('recent_bytes_max'));
  }

  /** Goes on with other rules. */
  use({ index, targets, awaited }: DetectorRules): void {
    this.#rules = index;
    this.#targets = targets;
    this.#awaited = awaited;
  }

  /** Takes back what earlier calls of `detect` have learnt. */
  restore(changes: Iterable<MemoryChange>): void {
    this.#memory.restore(changes);
  }

  /** Lowest offset of the records that may have to be looked at again; undefined if there are none. */
  get restoreFrom(): number | undefined {
    return this.#recent.lowestOffset;
  }

  /**
   * Evaluates every rule on one record, and again on those that came after it in event time and before it to us, if it shows what they depend on.
   * @param offset its place in the log
   * @throws ITEM_NOT_JSON, ITEM_NOT_AN_EVENT: the record belongs in dead letters
   */
  detect(record: ReceivedRecord, offset = 0): Detection {
    const look = this.#look(record);
    const { view, past, taught, signals } = look;
    for (const awaited of this.#awaited) {
      const sign = this.#heartbeats.of(view, awaited);
      if (sign) signals.push(sign);
    }
    // Most ask for nothing, and then teach nothing.
    if (past.asked !== NEVER) {
      // What comes later than may be, or once more, changes nothing that was said.
      if (this.#recent.wants(record, past.time)) {
        signals.push(...this.#learn(record.key, past, taught));
        this.#recent.put(recentOf({ ...record, bytes: ownBytes(record.bytes) }, past, offset));
      } else this.#teach(record.key, taught, NOTHING);
    }
    return { signals, view, learnt: this.#memory.take() };
  }

  #look(record: ReceivedRecord): Look {
    const timeMax = (record.receivedMs + this.#limits.event_time_ahead_seconds_max * 1000) * 1000;
    const request = decode(record, timeMax);
    const View = request.source === 'decision' ? DecisionView : EventView;
    const past = new Recollection(this.#memory, request);
    const view = new View(request, past);
    const matched = this.#rules.match(view);
    const signals = signalsOf(view, matched, this.#targets, this.#limits.facts_text_chars_max);
    const taught = taughtBy(view, past);
    if (taught.posture) past.asks(POSTURE);
    for (const [path] of taught.objects) past.asks(path);
    return { view, past, signals, taught };
  }

  /** Undefined if its bytes turn out to be wrong where they are asked for only now: what was said of it stays. */
  #lookAgain({ record }: Recent): Look | undefined {
    try {
      return this.#look(record);
    } catch (error) {
      if (error instanceof GatewatchError) return undefined;
      throw error;
    }
  }

  /** @param former what the same record has taught before @returns paths of what of it is known otherwise now, the posture among them */
  #teach(key: string, { posture, objects }: Taught, former: Taught): string[] {
    const changed: string[] = [];
    if ((posture || former.posture) && this.#memory.learnPosture(key, posture, former.posture?.request))
      changed.push(POSTURE);
    const before = new Map(former.objects);
    for (const [path, version] of objects) {
      if (this.#memory.learnObject(key, path, version, before.get(path)?.request)) changed.push(path);
      before.delete(path);
    }
    for (const [path, { request }] of before)
      if (this.#memory.learnObject(key, path, undefined, request)) changed.push(path);
    return changed;
  }

  /** What changes for those who ask with each thing that is taught, by its path: with an object the workloads of each service account that it has, or had. */
  #askedFor(key: string, ...all: readonly Taught[]): Map<string, readonly string[]> {
    const asked = new Map<string, readonly string[]>();
    for (const { posture, objects } of all) {
      if (posture) asked.set(POSTURE, [POSTURE]);
      for (const [path, version] of objects) {
        const versions = [version, ...(this.#memory.object(key, path)?.versions ?? [])];
        const accounts = accountsOf(versions).map((account) => ACCOUNT + account);
        asked.set(path, [path, ...accounts, ...(asked.get(path) ?? [])]);
      }
    }
    return asked;
  }

  /**
   * Learns what a request shows, and looks again at those that came after it and asked for it; what they teach may then be something else, too.
   * @returns signals that are new or others, and those that are none any more
   */
  #learn(key: string, moment: Moment, taught: Taught): Signal[] {
    if (taught === NOTHING) return [];
    const later = this.#recent.after(key, moment);
    if (later.length === 0) {
      this.#teach(key, taught, NOTHING);
      return [];
    }
    /** What they came to, of those that may have to be looked at again. */
    const said = new Map<Recent, Look>();
    const changed = new Set<string>();
    const teach = (now: Taught, before: Taught) => {
      const asked = this.#askedFor(key, now, before);
      const things = new Set([...asked.values()].flat());
      for (const recent of later) {
        const look = !said.has(recent) && dependsOn(recent, things) && this.#lookAgain(recent);
        if (look) said.set(recent, look);
      }
      for (const path of this.#teach(key, now, before))
        for (const thing of asked.get(path)!) changed.add(thing);
    };
    teach(taught, NOTHING);
    const signals: Signal[] = [];
    for (const recent of later) {
      const before = said.get(recent);
      const look = before && dependsOn(recent, changed) ? this.#lookAgain(recent) : undefined;
      if (!before || !look) continue;
      teach(look.taught, before.taught);
      this.#recent.put(recentOf(recent.record, look.past, recent.offset));
      signals.push(...difference(before.signals, look.signals));
    }
    return signals;
  }
}

/** What one look at a record came to. */
interface Look {
  readonly view: EventView;
  readonly past: Recollection;
  readonly signals: Signal[];
  readonly taught: Taught;
}

/** Bytes that keep no others in memory: those of a record may be a part of a whole batch's. */
function ownBytes(bytes: Buffer): Buffer {
  return bytes.length === bytes.buffer.byteLength ? bytes : Buffer.from(bytes);
}

function recentOf(record: ReceivedRecord, { time, request, asked }: Recollection, offset: number): Recent {
  return { record, offset, time, request, asked };
}

/** What has to be said so that what was said becomes what is true. */
function difference(said: readonly Signal[], now: readonly Signal[]): Signal[] {
  const before = new Map(said.map((signal) => [placeOf(signal), signal]));
  const news: Signal[] = [];
  for (const signal of now) {
    const place = placeOf(signal);
    if (JSON.stringify(before.get(place)) !== JSON.stringify(signal)) news.push(signal);
    before.delete(place);
  }
  const gone = Array.from(before.values(), (signal): Signal => ({ ...signal, withdrawn: true }));
  return [...gone, ...news];
}

/** Where in correlation a signal stands. */
function placeOf({ id, target, group, through }: Signal): string {
  return JSON.stringify([id, target, group, through]);
}
