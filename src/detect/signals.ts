import { type Actor, type Evidence, exceptedTarget, type Facts, type Signal } from '../record/signal.ts';
import { type EventTime, formatEventTime } from '../record/time.ts';
import type { Caller } from './caller/caller.ts';
import type { Draft } from './draft.ts';
import { exceptionOf } from './exceptions/apply.ts';
import type { SigmaRule } from './sigma/model.ts';
import type { Target } from './targets.ts';
import type { EventView } from './view.ts';

/** The signals of the rules that a record matched, one for each place where a match goes. */
export function signalsOf(
  view: EventView,
  matched: readonly SigmaRule[],
  targets: ReadonlyMap<string, readonly Target[]>,
  charsMax: number,
): Signal[] {
  const signals: Signal[] = [];
  let shared: Shared | undefined;
  for (const { id } of matched) {
    for (const target of targets.get(id) ?? []) {
      shared ??= sharedBy(view, charsMax);
      signals.push(signalOf(view, id, target, shared));
    }
  }
  return signals;
}

/** What all signals of a record have in common. */
interface Shared {
  readonly facts: Facts;
  readonly actor: Actor;
  readonly evidence: Evidence;
  readonly began: EventTime | undefined;
  readonly limits: readonly string[];
  readonly sameAs: readonly string[];
  readonly place: Pick<Signal, 'namespace_labels' | 'judges'> | undefined;
}

function sharedBy(view: EventView, charsMax: number): Shared {
  return {
    facts: factsOf(view, charsMax),
    actor: actorOf(view, charsMax),
    evidence: evidenceOf(view, charsMax),
    began: view.request.began,
    limits: view.request.limits,
    sameAs: view.request.sameAs,
    place: view.podSecurity && placeOf(view),
  };
}

/** What is known of the namespace of a pod. */
function placeOf({ namespaceLabels, judges }: EventView): Pick<Signal, 'namespace_labels' | 'judges'> {
  const place: Draft<Pick<Signal, 'namespace_labels' | 'judges'>> = {};
  if (namespaceLabels) place.namespace_labels = namespaceLabels;
  if (judges.length > 0) place.judges = judges;
  return place;
}

function signalOf(view: EventView, rule: string, target: Target, shared: Shared): Signal {
  const { request, podSecurity, namespaceChange, policy } = view;
  const { record, time } = request;
  const { facts, actor, evidence, began, limits, sameAs, place } = shared;
  const address = target.address(view);
  // Of most rules there is none.
  const exception = target.exceptions.length > 0 && exceptionOf(target.exceptions, view, began);
  const signal: Draft<Signal> = {
    id: signalId(rule, request.requestId),
    rule,
    target: target.id,
    cluster: record.cluster,
    group: address.group,
    received_ms: record.receivedMs,
    rank: request.rank,
    facts,
    actor,
    admission: view.admission,
    evidence,
  };
  if (time !== undefined) signal.time = time;
  if (began !== undefined) signal.began = began;
  if (sameAs.length > 0) signal.replaces = sameAs.map((id) => signalId(rule, id));
  if (address.values) signal.values = address.values;
  if (address.through) signal.through = address.through;
  if (address.spans_groups) signal.spans_groups = true;
  if (exception) {
    signal.excepted = { by: exception.id, target: target.id };
    signal.target = exceptedTarget(signal.excepted);
  }
  if (podSecurity) Object.assign(signal, { pod_security: podSecurity }, place);
  if (namespaceChange) signal.namespace = namespaceChange;
  if (policy) signal.policy = policy;
  if (limits.length > 0) signal.limits = limits;
  return signal;
}

/** Identity of a rule's match: the same for all records of a request. */
function signalId(rule: string, request: string): string {
  return `${rule}/${request}`;
}

function factsOf(view: EventView, charsMax: number): Facts {
  const { request } = view;
  const { caller, ref, code } = request;
  const asked = callerFacts(caller, charsMax);
  const name = view.objectName;
  const command = view.connection?.command;
  const { message } = request;
  const facts: Draft<Facts> = {};
  if (asked.user) facts.user = asked.user;
  if (asked.groups) facts.groups = asked.groups;
  if (asked.acting_as) facts.acting_as = asked.acting_as;
  if (asked.source_ip) facts.source_ip = asked.source_ip;
  if (asked.user_agent) facts.user_agent = asked.user_agent;
  if (request.verb) facts.verb = cut(request.verb, 64);
  if (ref.resource) facts.resource = cut(ref.resource, 253);
  if (ref.subresource) facts.subresource = cut(ref.subresource, 253);
  if (ref.apiGroup) facts.api_group = cut(ref.apiGroup, 253);
  if (ref.apiVersion) facts.api_version = cut(ref.apiVersion, 253);
  if (ref.namespace) facts.namespace = cut(ref.namespace, 253);
  if (name) facts.name = cut(name, 253);
  if (command) facts.command = cut(command, charsMax);
  if (code !== undefined) facts.code = code;
  if (message) facts.message = cut(message, charsMax);
  return facts;
}

/** The same for all that one client asks for. */
const ofCallers = new WeakMap<Caller, { readonly charsMax: number; readonly facts: Facts }>();

function callerFacts(caller: Caller, charsMax: number): Facts {
  const known = ofCallers.get(caller);
  if (known?.charsMax === charsMax) return known.facts;
  const groups = caller.groups.filter((group) => group !== '').map((group) => cut(group, charsMax));
  const facts: Draft<Facts> = {};
  if (caller.name) facts.user = cut(caller.name, charsMax);
  if (groups.length > 0) facts.groups = groups;
  if (caller.actingAs) facts.acting_as = cut(caller.actingAs, charsMax);
  if (caller.sourceIp) facts.source_ip = cut(caller.sourceIp, 64);
  if (caller.userAgent) facts.user_agent = cut(caller.userAgent, charsMax);
  if (caller.recurs) ofCallers.set(caller, { charsMax, facts });
  return facts;
}

function actorOf({ actor }: EventView, charsMax: number): Actor {
  const { kind, chain, author, managers } = actor;
  const kept: Draft<Actor> = {
    kind,
    chain: chain.filter((link) => link !== '').map((link) => cut(link, charsMax)),
  };
  if (author !== undefined) kept.author = cut(author, charsMax);
  if (managers) kept.managers = managers;
  return kept;
}

function evidenceOf({ request, admission }: EventView, charsMax: number): Evidence {
  const { auditId, time, verb, uri, caller } = request;
  const evidence: Draft<Evidence> = {
    record_id: request.record.id,
    stage: request.stage.slice(0, 64),
    source: request.source,
    outcome: admission.outcome,
  };
  if (auditId) evidence.audit_id = cut(auditId, charsMax);
  if (time !== undefined) evidence.time = formatEventTime(time);
  if (verb) evidence.verb = cut(verb, 64);
  if (uri) evidence.uri = cut(uri, charsMax);
  if (caller.name) evidence.user = cut(caller.name, charsMax);
  return evidence;
}

function cut(text: string, charsMax: number): string {
  return text.length > charsMax ? `${text.slice(0, charsMax).toWellFormed()}…` : text;
}
