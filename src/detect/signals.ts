import type { Actor, Evidence, Facts, Signal } from '../record/signal.ts';
import { formatEventTime } from '../record/time.ts';
import { anyOf } from './decode/json.ts';
import type { Request } from './decode/request.ts';
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
  const { request } = view;
  const signals: Signal[] = [];
  let common: ReturnType<typeof commonOf> | undefined;
  for (const { id } of matched) {
    for (const target of targets.get(id) ?? []) {
      common ??= commonOf(view, charsMax);
      const values = target.values(view);
      signals.push({
        id: signalId(id, request.requestId),
        rule: id,
        target: target.id,
        group: target.group(view),
        ...common,
        ...(request.sameAs.length > 0
          ? { replaces: request.sameAs.map((other) => signalId(id, other)) }
          : {}),
        ...(values ? { values } : {}),
        ...(target.spansGroups ? { spans_groups: true as const } : {}),
      });
    }
  }
  return signals;
}

/** Identity of a rule's match: the same for all records of a request. */
function signalId(rule: string, request: string): string {
  return `${rule}/${request}`;
}

/** What all signals of a record have in common. */
function commonOf(view: EventView, charsMax: number) {
  const { request, podSecurity, namespaceChange, policy, admission } = view;
  const { record, time, began, rank, limits } = request;
  return {
    cluster: record.cluster,
    ...(time === undefined ? {} : { time }),
    ...(began === undefined ? {} : { began }),
    received_ms: record.receivedMs,
    rank,
    facts: factsOf(view, charsMax),
    actor: actorOf(view, charsMax),
    admission,
    ...(podSecurity ? { pod_security: podSecurity } : {}),
    ...(namespaceChange ? { namespace: namespaceChange } : {}),
    ...(policy ? { policy } : {}),
    evidence: evidenceOf(request, admission.outcome, charsMax),
    ...(limits.length > 0 ? { limits } : {}),
  };
}

function factsOf(view: EventView, charsMax: number): Facts {
  const { request } = view;
  const { caller, ref } = request;
  return defined({
    user: cut(caller.name, charsMax),
    groups: anyOf(caller.groups.flatMap((group) => cut(group, charsMax) ?? [])),
    acting_as: cut(caller.actingAs, charsMax),
    source_ip: cut(caller.sourceIp, 64),
    user_agent: cut(caller.userAgent, charsMax),
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
  });
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
  const { time } = request;
  return {
    record_id: request.record.id,
    stage: request.stage.slice(0, 64),
    source: request.source,
    outcome,
    ...defined({
      audit_id: cut(request.auditId, charsMax),
      time: time === undefined ? undefined : formatEventTime(time),
      verb: cut(request.verb, 64),
      uri: cut(request.uri, charsMax),
      user: cut(request.caller.name, charsMax),
    }),
  };
}

/** The fields that have a value. */
function defined<Value>(fields: Readonly<Record<string, Value | undefined>>): Record<string, Value> {
  const some: Record<string, Value> = {};
  for (const key in fields) {
    const value = fields[key];
    if (value !== undefined) some[key] = value;
  }
  return some;
}

/** Absent for an empty text, so that alerts have no empty fields. */
function cut(text: string | undefined, charsMax: number): string | undefined {
  if (!text) return undefined;
  return text.length > charsMax ? `${text.slice(0, charsMax).toWellFormed()}…` : text;
}
