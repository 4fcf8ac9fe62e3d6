import { contentId, type ReceivedRecord } from '../record/record.ts';
import type { Actor, Evidence, Facts, Signal } from '../record/signal.ts';
import { formatEventTime } from '../record/time.ts';
import { decode } from './decode/decode.ts';
import type { Request } from './decode/request.ts';
import { postureSeen, versionSeen } from './memory/learn.ts';
import { type LimitReached, Memory, type MemoryChange, type MemoryLimits } from './memory/memory.ts';
import { objectPath } from './memory/remembered.ts';
import type { SigmaRule } from './sigma/model.ts';
import type { RuleIndex } from './sigma/rule-index.ts';
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
 * The same record gives the same signals however often it is read.
 */
export class Detector {
  #rules: RuleIndex;
  #targets: ReadonlyMap<string, readonly Target[]>;
  readonly #limits: DetectLimits;
  readonly #memory: Memory;

  constructor(
    rules: RuleIndex,
    targets: ReadonlyMap<string, readonly Target[]>,
    limits: DetectLimits,
    limitReached?: LimitReached,
  ) {
    this.#rules = rules;
    this.#targets = targets;
    this.#limits = limits;
    this.#memory = new Memory(limits, limitReached);
  }

  /** Goes on with other rules. */
  use({ index, targets }: DetectorRules): void {
    this.#rules = index;
    this.#targets = targets;
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
    const view = new EventView(request, this.#pastOf(request));
    const signals = this.#rules.match(view).flatMap((rule) => this.#signals(rule, view));
    this.#learn(view);
    return { signals, view, learnt: this.#memory.take() };
  }

  /** What was known before the request, looked up when it is asked for: most requests ask for nothing. */
  #pastOf(request: Request): Past {
    const memory = this.#memory;
    const { key } = request.record;
    const timeOf = () => request.time ?? Number.MAX_SAFE_INTEGER;
    return {
      get namespace() {
        return memory.posture(key)?.before(timeOf(), request.requestId) ?? {};
      },
      object: (path) => memory.object(key, path)?.before(timeOf(), request.requestId),
      get paths() {
        return memory.paths(key);
      },
    };
  }

  #learn(view: EventView): void {
    const { record, ref } = view.request;
    const shown = postureSeen(view, this.#memory.posture(record.key));
    if (shown) this.#memory.learnPosture(record.key, shown);
    const version = versionSeen(view);
    if (version) this.#memory.learnObject(record.key, objectPath(ref.resource, view.objectName), version);
  }

  #signals(rule: SigmaRule, view: EventView): Signal[] {
    const targets = this.#targets.get(rule.id) ?? [];
    if (targets.length === 0) return [];
    const { request } = view;
    const replaces = request.sameAs.map((id) => signalId(rule, id));
    const { podSecurity, namespaceChange, policy } = view;
    const limits = request.limits;
    const signal = {
      id: signalId(rule, request.requestId),
      rule: rule.id,
      cluster: request.record.cluster,
      ...(request.time === undefined ? {} : { time: request.time }),
      ...(request.began === undefined ? {} : { began: request.began }),
      received_ms: request.record.receivedMs,
      rank: request.rank,
      ...(replaces.length > 0 ? { replaces } : {}),
      facts: factsOf(view, this.#limits.facts_text_chars_max),
      actor: actorOf(view, this.#limits.facts_text_chars_max),
      admission: view.admission,
      ...(podSecurity ? { pod_security: podSecurity } : {}),
      ...(namespaceChange ? { namespace: namespaceChange } : {}),
      ...(policy ? { policy } : {}),
      evidence: evidenceOf(request, view.admission.outcome, this.#limits.facts_text_chars_max),
      ...(limits.length > 0 ? { limits } : {}),
    };
    return targets.map((target) => ({ ...signal, ...target.address(view) }));
  }
}

function signalId(rule: SigmaRule, request: string): string {
  return contentId('signal', rule.id, request);
}

function factsOf(view: EventView, charsMax: number): Facts {
  const { request } = view;
  const { user, ref } = request;
  const groups = user.groups.flatMap((group) => cut(group, charsMax) ?? []);
  const facts: Record<string, string | number | readonly string[] | undefined> = {
    user: cut(user.name, charsMax),
    groups: groups.length > 0 ? groups : undefined,
    acting_as: cut(user.actingAs, charsMax),
    source_ip: cut(request.sourceIp, 64),
    user_agent: cut(request.userAgent, charsMax),
    verb: cut(request.verb, 64),
    resource: cut(ref.resource, 253),
    subresource: cut(ref.subresource, 253),
    api_group: cut(ref.apiGroup, 253),
    api_version: cut(ref.apiVersion, 253),
    namespace: cut(ref.namespace, 253),
    name: cut(view.objectName, 253),
    command: cut(view.connection?.command, charsMax),
    code: request.code,
    message: cut(request.message, charsMax),
  };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

function actorOf({ actor }: EventView, charsMax: number): Actor {
  const { author, chain } = actor;
  return {
    ...actor,
    chain: chain.flatMap((link) => cut(link, charsMax) ?? []),
    ...(author === undefined ? {} : { author: cut(author, charsMax)! }),
  };
}

function evidenceOf(request: Request, outcome: Evidence['outcome'], charsMax: number): Evidence {
  const optional = {
    audit_id: cut(request.auditId, charsMax),
    time: request.time === undefined ? undefined : formatEventTime(request.time),
    verb: cut(request.verb, 64),
    uri: cut(request.uri, charsMax),
    user: cut(request.user.name, charsMax),
  };
  return {
    record_id: request.record.id,
    stage: request.stage.slice(0, 64),
    source: request.source,
    outcome,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}

/** Absent for an empty text, so that alerts have no empty fields. */
function cut(text: string | undefined, charsMax: number): string | undefined {
  if (!text) return undefined;
  return text.length > charsMax ? `${text.slice(0, charsMax).toWellFormed()}…` : text;
}
