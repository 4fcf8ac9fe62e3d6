import type { ReceivedRecord } from '../record/record.ts';
import type { Signal } from '../record/signal.ts';
import type { EventTime } from '../record/time.ts';
import { DecisionView } from './decision-view.ts';
import { decode } from './decode/decode.ts';
import type { Request } from './decode/request.ts';
import { type AwaitedRule, Heartbeats } from './heartbeats.ts';
import { judgesSeen, postureSeen, versionSeen } from './memory/learn.ts';
import { type LimitReached, Memory, type MemoryChange, type MemoryLimits } from './memory/memory.ts';
import type { Moment } from './memory/moment.ts';
import type { ObjectVersion } from './memory/object-history.ts';
import { JUDGES, objectPath } from './memory/remembered.ts';
import type { Known } from './namespace/posture.ts';
import type { RuleIndex } from './sigma/rule-index.ts';
import { signalsOf } from './signals.ts';
import type { Target } from './targets.ts';
import { EventView, type Past } from './view.ts';

/** Limits of the detectors; each is a key of the configuration. */
export interface DetectLimits extends MemoryLimits {
  readonly facts_text_chars_max: number;
  readonly event_time_ahead_seconds_max: number;
}

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
 * The detect stage: records in, signals out. Its only memory is what is known of each namespace and its objects, keyed as records are.
 * The same record gives the same signals however often it is read, but for heartbeats, which are told once.
 */
export class Detector {
  #rules: RuleIndex;
  #targets: ReadonlyMap<string, readonly Target[]>;
  #awaited: readonly AwaitedRule[];
  readonly #limits: DetectLimits;
  readonly #memory: Memory;
  readonly #heartbeats = new Heartbeats();

  constructor({ index, targets, awaited }: DetectorRules, limits: DetectLimits, limitReached?: LimitReached) {
    this.#rules = index;
    this.#targets = targets;
    this.#awaited = awaited;
    this.#limits = limits;
    this.#memory = new Memory(limits, limitReached);
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

  /**
   * Evaluates every rule on one record.
   * @throws ITEM_NOT_JSON, ITEM_NOT_AN_EVENT: the record belongs in dead letters
   */
  detect(record: ReceivedRecord): Detection {
    const timeMax = (record.receivedMs + this.#limits.event_time_ahead_seconds_max * 1000) * 1000;
    const request = decode(record, timeMax);
    const View = request.source === 'decision' ? DecisionView : EventView;
    const view = new View(request, new Recollection(this.#memory, request));
    const matched = this.#rules.match(view);
    const { facts_text_chars_max } = this.#limits;
    const signals = signalsOf(view, matched, this.#targets, facts_text_chars_max);
    for (const awaited of this.#awaited) {
      const sign = this.#heartbeats.of(view, awaited);
      if (sign) signals.push(sign);
    }
    this.#learn(view);
    return { signals, view, learnt: this.#memory.take() };
  }

  #learn(view: EventView): void {
    const { record, ref } = view.request;
    const shown = postureSeen(view, () => this.#memory.posture(record.key));
    if (shown) this.#memory.learnPosture(record.key, shown);
    const version = versionSeen(view);
    if (version) this.#memory.learnObject(record.key, objectPath(ref.resource, view.objectName), version);
    const judges = judgesSeen(view);
    if (judges) this.#memory.learnObject(record.key, JUDGES, judges);
  }
}

/** What was known before a request, looked up when it is asked for: most requests ask for nothing. */
class Recollection implements Past, Moment {
  readonly #memory: Memory;
  readonly #request: Request;

  constructor(memory: Memory, request: Request) {
    this.#memory = memory;
    this.#request = request;
  }

  get time(): EventTime {
    return this.#request.time ?? Number.MAX_SAFE_INTEGER;
  }

  get request(): string {
    return this.#request.requestId;
  }

  get namespace(): Known {
    return this.#memory.posture(this.#request.record.key)?.before(this) ?? {};
  }

  object(path: string): ObjectVersion | undefined {
    return this.#memory.object(this.#request.record.key, path)?.before(this);
  }

  get paths(): Iterable<string> {
    return this.#memory.paths(this.#request.record.key);
  }
}
