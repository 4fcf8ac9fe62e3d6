import { type KubernetesEvent, kubernetesEvent } from '../../../record/kubernetes-event.ts';
import type { ReceivedRecord } from '../../../record/record.ts';
import { parseGroupVersionResource, resourceOfKind } from '../../../record/resource-name.ts';
import { parseEventTime } from '../../../record/time.ts';
import { refOf } from '../audit-event.ts';
import { type JsonObject, objectOf, parseJson, stringOf } from '../json.ts';
import type { Request } from '../request.ts';
import { DecisionRequest, type DecodedDecision } from './decision-request.ts';
import { type EngineDecision, engineDecision } from './engine-decision.ts';

/**
 * Decodes what Kyverno tells of a decision at admission: an Event of its admission controller (kyverno/kyverno pkg/event), or the line of
 * its log that says `blocking admission request`, which has whole seconds, but the call's uid and who asked.
 * @throws ITEM_NOT_JSON
 */
export function decodeKyvernoDecision(record: ReceivedRecord, timeMax: number): Request {
  const document = objectOf(parseJson(record.bytes.toString())) ?? {};
  const event = kubernetesEvent(document);
  return new DecisionRequest(record, timeMax, event ? toldByEvent(event) : toldByLine(document));
}

/** In an Event about the object itself, and in one about an exception, the policy stands in the text, with the rule. */
const POLICY_IN_NOTE = /^policy ([^\s/]+)\/\S+ |was skipped from policy rule ([^\s/]+)\//;

function toldByEvent({ action, reason, note, regarding, related, time }: KubernetesEvent): DecodedDecision {
  const object = related ?? regarding;
  const [version, group] = (stringOf(object.apiVersion) ?? '').split('/').reverse();
  const text = stringOf(note);
  const [, ofObject, ofException] = POLICY_IN_NOTE.exec(text ?? '') ?? [];
  const policy = ofObject ?? ofException ?? (related ? stringOf(regarding.name) : undefined);
  return {
    decision: engineDecision({
      engine: 'kyverno',
      ...judgement(action, reason),
      policy: policy === undefined ? [] : [policy],
      message: text,
      object_uid: stringOf(object.uid),
    }),
    ref: refOf({
      resource: resourceOfKind(object.kind),
      apiGroup: group,
      apiVersion: version,
      namespace: object.namespace,
      name: object.name,
    }),
    time: parseEventTime(time),
  };
}

/** What passed although a rule failed was only audited. A policy that could not be evaluated says neither yes nor no. */
function judgement(action: unknown, reason: unknown): Partial<Pick<EngineDecision, 'verdict' | 'enforced'>> {
  if (action === 'Resource Blocked') return { verdict: 'deny', enforced: true };
  if (reason === 'PolicyViolation') return { verdict: 'deny', enforced: false };
  return reason === 'PolicyApplied' || reason === 'PolicySkipped' ? { verdict: 'allow' } : {};
}

function toldByLine(line: JsonObject): DecodedDecision {
  const gvr = parseGroupVersionResource(line.gvr);
  return {
    decision: engineDecision({
      engine: 'kyverno',
      verdict: 'deny',
      enforced: true,
      policy: [stringOf(line.policy) ?? ''],
      uid: stringOf(line.uid),
      operation: stringOf(line.operation),
    }),
    ref: refOf({
      resource: gvr?.resource,
      apiGroup: gvr?.group,
      apiVersion: gvr?.version,
      namespace: line.namespace,
      name: line.name,
    }),
    user: line.user,
    time: parseEventTime(line.time),
  };
}
