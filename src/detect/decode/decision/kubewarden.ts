import { attributesOf } from '../../../record/otlp.ts';
import type { ReceivedRecord } from '../../../record/record.ts';
import { type EventTime, parseEventTime, possibleTime } from '../../../record/time.ts';
import { refOf } from '../audit-event.ts';
import { at, type JsonObject, objectOf, parseJson, stringOf } from '../json.ts';
import type { ObjectRef, Request } from '../request.ts';
import { DecisionRequest, type DecodedDecision } from './decision-request.ts';
import { engineDecision } from './engine-decision.ts';

/**
 * Decodes what Kubewarden's policy server tells of a decision: the span of a call (crates/policy-server), or the line about a policy in
 * monitor mode (crates/policy-evaluator), whose span says that it allowed.
 * @throws ITEM_NOT_JSON
 */
export function decodeKubewardenDecision(record: ReceivedRecord, timeMax: number): Request {
  const text = record.bytes.toString();
  const document = objectOf(parseJson(text)) ?? {};
  const told = document.attributes === undefined ? toldByLine(document, text) : toldBySpan(document);
  return new DecisionRequest(record, timeMax, told);
}

function toldBySpan(span: JsonObject): DecodedDecision {
  const attributes = attributesOf(span.attributes);
  const { allowed } = attributes;
  const verdict = allowed === true ? 'allow' : allowed === false ? 'deny' : undefined;
  return {
    decision: engineDecision({
      engine: 'kubewarden',
      verdict,
      enforced: verdict === 'deny' ? true : undefined,
      ...callOf(attributes),
      message: stringOf(attributes.response_message),
    }),
    ref: refIn(attributes, attributes.name),
    time: microseconds(span.endTimeUnixNano),
  };
}

function toldByLine(line: JsonObject, text: string): DecodedDecision {
  const response = stringOf(at(line, 'fields', 'response')) ?? '';
  const span = objectOf(line.span) ?? {};
  const verdict = /\ballowed: (true|false)\b/.exec(response)?.[1];
  return {
    decision: engineDecision({
      engine: 'kubewarden',
      verdict: verdict === undefined ? undefined : verdict === 'true' ? 'allow' : 'deny',
      enforced: verdict === 'false' ? false : undefined,
      ...callOf(span),
      message: messageIn(response),
    }),
    ref: refIn(span, nameIn(text)),
    time: parseEventTime(line.timestamp),
  };
}

/** What span and line say alike of the call of the webhook. */
function callOf({ policy_id, request_uid, operation }: JsonObject) {
  return {
    policy: [stringOf(policy_id) ?? ''],
    uid: stringOf(request_uid),
    operation: stringOf(operation),
  };
}

function refIn(call: JsonObject, name: unknown): ObjectRef {
  return refOf({
    resource: call.resource,
    subresource: call.subresource,
    apiGroup: call.resource_group,
    apiVersion: call.resource_version,
    namespace: call.namespace,
    name,
  });
}

const SPAN_CHARS_MAX = 4096;

/** A span of a line has the object's name first and its own behind it, both as `name`, of which JSON.parse keeps the last. */
function nameIn(text: string): string | undefined {
  const start = text.indexOf('"span":{');
  const span = start < 0 ? '' : text.slice(start, start + SPAN_CHARS_MAX);
  return /^[^{}]*\{[^{}]*?"name":"([^"\\]{0,253})"[^{}]*?"name":/.exec(span)?.[1];
}

/** The message in a response as Rust prints it for debugging, its escapes undone. */
function messageIn(response: string): string | undefined {
  const message = /message: Some\("((?:[^"\\]|\\.)*)"\)/.exec(response)?.[1];
  return message?.replace(/\\(.)/g, (_, escaped: string) => ESCAPED[escaped] ?? escaped);
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/** Nanoseconds since the epoch, in the JSON of OTLP a text. */
function microseconds(nanoseconds: unknown): EventTime | undefined {
  const digits = typeof nanoseconds === 'number' ? String(nanoseconds) : (stringOf(nanoseconds) ?? '');
  return /^\d{4,20}$/.test(digits) ? possibleTime(Number(digits.slice(0, -3))) : undefined;
}
