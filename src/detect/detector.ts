import { LRUCache } from 'lru-cache';
import { contentId, type ReceivedRecord } from '../record/record.ts';
import type { Evidence, Facts, Signal } from '../record/signal.ts';
import { type EventTime, formatEventTime } from '../record/time.ts';
import { decode } from './decode/decode.ts';
import { at } from './decode/json.ts';
import type { Request } from './decode/request.ts';
import { labelsOf } from './namespace/label-patch.ts';
import { labelsEntry, Posture, type PostureEntry } from './namespace/posture.ts';
import type { SigmaRule } from './sigma/model.ts';
import type { RuleIndex } from './sigma/rule-index.ts';
import type { Target } from './targets.ts';
import { EventView } from './view.ts';
import { enforcedPolicy } from './workload/pod-security.ts';

/** Limits of the detectors; each is a key of the configuration. */
export interface DetectLimits {
  readonly namespaces_max: number;
  readonly facts_text_chars_max: number;
  readonly event_time_ahead_seconds_max: number;
}

/** What one record came to. */
export interface Detection {
  readonly signals: readonly Signal[];
  /** Event time of the record, if it has one. */
  readonly time: EventTime | undefined;
  /** What the record changed in what is known of namespaces; whoever keeps the state does the same. */
  readonly learnt: readonly PostureChange[];
}

/** One entry of a namespace's posture that is new, or was let go. */
export interface PostureChange {
  /** Key of the records of the namespace. */
  readonly key: string;
  readonly entry: PostureEntry;
  readonly kept: boolean;
}

/**
 * The detect stage: records in, signals out. Its only memory is what is known of each namespace, keyed as records are.
 * The same record gives the same signals however often it is read.
 */
export class Detector {
  readonly #rules: RuleIndex;
  readonly #targets: ReadonlyMap<string, readonly Target[]>;
  readonly #limits: DetectLimits;
  readonly #postures: LRUCache<string, Posture>;
  #learnt: PostureChange[] = [];

  constructor(rules: RuleIndex, targets: ReadonlyMap<string, readonly Target[]>, limits: DetectLimits) {
    this.#rules = rules;
    this.#targets = targets;
    this.#limits = limits;
    this.#postures = new LRUCache({
      max: limits.namespaces_max,
      dispose: ({ entries }, key, reason) => {
        if (reason === 'evict') this.#learnt.push(...entries.map((entry) => ({ key, entry, kept: false })));
      },
    });
  }

  /** Takes back what earlier calls of `detect` have learnt of a namespace. */
  restore(key: string, entries: readonly PostureEntry[]): void {
    this.#postures.set(key, Posture.of(entries));
  }

  /**
   * Evaluates every rule on one record.
   * @throws ITEM_NOT_JSON, ITEM_NOT_AN_EVENT: the record belongs in dead letters
   */
  detect(record: ReceivedRecord): Detection {
    const timeMax = (record.receivedMs + this.#limits.event_time_ahead_seconds_max * 1000) * 1000;
    const request = decode(record, timeMax);
    const known = this.#postures.get(record.key);
    const view = new EventView(request, () => {
      return known?.before(request.time ?? Number.MAX_SAFE_INTEGER, request.requestId) ?? {};
    });
    const signals = this.#rules.match(view).flatMap((rule) => this.#signals(rule, view));
    const seen = postureEntry(view, known);
    if (seen) this.#learn(record.key, known ?? new Posture(), seen);
    const learnt = this.#learnt;
    if (learnt.length > 0) this.#learnt = [];
    return { signals, time: request.time, learnt };
  }

  #learn(key: string, known: Posture, seen: PostureEntry): void {
    const posture = known.with(seen);
    if (posture === known) return;
    this.#postures.set(key, posture);
    const [before, after] = [new Set(known.entries), new Set(posture.entries)];
    for (const entry of after.difference(before)) this.#learnt.push({ key, entry, kept: true });
    for (const entry of before.difference(after)) this.#learnt.push({ key, entry, kept: false });
  }

  #signals(rule: SigmaRule, view: EventView): Signal[] {
    const targets = this.#targets.get(rule.id) ?? [];
    if (targets.length === 0) return [];
    const { request } = view;
    const replaces = request.sameAs.map((id) => signalId(rule, id));
    const { podSecurity, namespaceChange } = view;
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
      admission: view.admission,
      ...(podSecurity ? { pod_security: podSecurity } : {}),
      ...(namespaceChange ? { namespace: namespaceChange } : {}),
      evidence: evidenceOf(request, view.admission.outcome, this.#limits.facts_text_chars_max),
      ...(limits.length > 0 ? { limits } : {}),
    };
    return targets.map((target) => {
      const values = target.values(view);
      const group = target.group(view);
      return { ...signal, target: target.id, group, ...(Object.keys(values).length > 0 ? { values } : {}) };
    });
  }
}

function signalId(rule: SigmaRule, request: string): string {
  return contentId('signal', rule.id, request);
}

/** What a record shows of its namespace: its labels (a write or read of the Namespace), or the level that a pod was held to. */
function postureEntry(view: EventView, known: Posture | undefined): PostureEntry | undefined {
  const { request } = view;
  const { ref, user } = request;
  const enforce = ref.resource === 'namespaces' ? undefined : enforcedPolicy(request)?.split(':')[0];
  if (ref.resource !== 'namespaces' && enforce === undefined) return undefined;
  const { time } = request;
  if (time === undefined || request.source !== 'audit') return undefined;
  if (enforce !== undefined) {
    if (known?.says(enforce, time)) return undefined;
    return { time, request: request.requestId, enforce };
  }
  if (ref.name === '' && request.verb !== 'create') return undefined;
  const { code, requestId } = request;
  if (code === undefined || code >= 300 || request.dryRun) return undefined;
  if (request.verb === 'delete') return labelsEntry(time, requestId, {}, user.name);
  const change = view.namespaceChange;
  // A patch tells all labels only on top of known ones, or by its answer.
  const whole = change?.labels_before || at(request.responseObject, 'metadata') || request.verb !== 'patch';
  if (change?.labels_after && whole) {
    return labelsEntry(time, requestId, change.labels_after, user.name);
  }
  const isNamespace = request.verb === 'get' && at(request.responseObject, 'kind') === 'Namespace';
  return isNamespace ? labelsEntry(time, requestId, labelsOf(request.responseObject), user.name) : undefined;
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
    code: request.code,
    message: cut(request.message, charsMax),
  };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
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
