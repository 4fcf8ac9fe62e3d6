import { type KubernetesEvent, kubernetesEvent } from '../../../record/kubernetes-event.ts';
import type { ReceivedRecord } from '../../../record/record.ts';
import { resourceOfKind } from '../../../record/resource-name.ts';
import { type EventTime, parseEventTime, possibleTime, SECOND } from '../../../record/time.ts';
import { refOf } from '../audit-event.ts';
import { type JsonObject, objectOf, parseJson, stringOf, stringsOf } from '../json.ts';
import type { Request } from '../request.ts';
import { DecisionRequest, type DecodedDecision } from './decision-request.ts';
import { engineDecision } from './engine-decision.ts';

/**
 * Decodes what Gatekeeper tells of a violation at admission: a line of `--log-denies`, the Event of `--emit-admission-events`, or the
 * message of the export (open-policy-agent/gatekeeper pkg/webhook/policy.go, pkg/export/util). It tells of violations alone, and says
 * "denied" also where the constraint only warns or is a dry run.
 * @throws ITEM_NOT_JSON
 */
export function decodeGatekeeperDecision(record: ReceivedRecord, timeMax: number): Request {
  const document = objectOf(parseJson(record.bytes.toString())) ?? {};
  const event = kubernetesEvent(document);
  const told = event
    ? toldByEvent(event)
    : document.eventType
      ? toldByExport(document)
      : toldByLine(document);
  return new DecisionRequest(record, timeMax, told);
}

function toldByLine(line: JsonObject): DecodedDecision {
  const message = stringOf(line.msg)?.replace(/^denied admission: /, '');
  return toldByFields(line, message, timeOf(line.ts), stringsOf(line.constraint_enforcement_actions));
}

/** What stands before the message: `Admission webhook "validation.gatekeeper.sh" denied request, Resource Namespace: …, Constraint: …, Message: `. */
const EVENT_HEAD = /^(?:Admission webhook "|Dryrun violation)[\s\S]*?, Message: /;

function toldByEvent({ annotations, note, time }: KubernetesEvent): DecodedDecision {
  const message = stringOf(note)?.replace(EVENT_HEAD, '');
  const actions = stringOf(annotations.constraint_enforcement_actions)?.split(',') ?? [];
  return toldByFields(annotations, message, parseEventTime(time), actions);
}

/** The fields that a line has and an Event's annotations have. */
function toldByFields(
  fields: JsonObject,
  message: string | undefined,
  time: EventTime | undefined,
  actions: readonly string[],
): DecodedDecision {
  const action = stringOf(fields.constraint_action);
  return {
    decision: engineDecision({
      engine: 'gatekeeper',
      verdict: 'deny',
      enforced: isEnforced(action, actions),
      policy: [stringOf(fields.constraint_name) ?? ''],
      message,
    }),
    ref: refOf({
      resource: resourceOfKind(fields.resource_kind),
      apiGroup: fields.resource_group,
      apiVersion: fields.resource_api_version,
      namespace: fields.resource_namespace,
      name: fields.resource_name,
    }),
    user: { username: fields.request_username },
    time,
  };
}

function toldByExport(violation: JsonObject): DecodedDecision {
  const { dryRun, resourceAPIVersion } = violation;
  const [version, group] = (stringOf(resourceAPIVersion) ?? '').split('/').reverse();
  return {
    decision: engineDecision({
      engine: 'gatekeeper',
      verdict: 'deny',
      enforced: isEnforced(stringOf(violation.enforcementAction), stringsOf(violation.enforcementActions)),
      policy: [stringOf(violation.name) ?? ''],
      message: stringOf(violation.message),
      uid: stringOf(violation.id),
      operation: stringOf(violation.operation),
      dry_run: typeof dryRun === 'boolean' ? dryRun : undefined,
    }),
    ref: refOf({
      resource: stringOf(violation.requestResource) ?? resourceOfKind(violation.resourceKind),
      apiGroup: group ?? violation.resourceGroup,
      apiVersion: version,
      namespace: violation.resourceNamespace,
      name: violation.resourceName,
    }),
    user: { username: violation.requestUsername, groups: violation.requestUserGroups },
    time: parseEventTime(violation.timestamp),
  };
}

/** A scoped constraint has an action for each place where it is enforced; those of the webhook are listed. Deny is the default. */
function isEnforced(action = 'deny', actions: readonly string[] = []): boolean {
  return action === 'deny' || (action === 'scoped' && actions.includes('deny'));
}

/** The time of a line: seconds with a fraction, or RFC 3339, as `--log-timestamp-encoder` has it. */
function timeOf(ts: unknown): EventTime | undefined {
  return typeof ts === 'number' ? possibleTime(Math.round(ts * SECOND)) : parseEventTime(ts);
}
