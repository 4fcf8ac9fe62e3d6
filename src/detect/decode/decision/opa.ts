import { GatewatchError } from '../../../errors.ts';
import type { ReceivedRecord } from '../../../record/record.ts';
import { parseEventTime } from '../../../record/time.ts';
import { reviewRefOf } from '../admission-review.ts';
import { at, isObject, member, parseJson, stringOf, stringsOf } from '../json.ts';
import type { Request } from '../request.ts';
import { DecisionRequest } from './decision-request.ts';
import { engineDecision } from './engine-decision.ts';

/**
 * Decodes an entry of OPA's decision log about an AdmissionReview (open-policy-agent/opa v1/plugins/logs, type EventV1). The policy that
 * decided is the document that was asked for: `system/main`. What is allowed with warnings has them for its message.
 * @throws ITEM_NOT_JSON, ITEM_NOT_AN_EVENT
 */
export function decodeOpaDecision(record: ReceivedRecord, timeMax: number): Request {
  const entry = parseJson(record.bytes.toString());
  const request = at(entry, 'input', 'request');
  if (!isObject(request)) {
    throw new GatewatchError('ITEM_NOT_AN_EVENT', 'It has no request.', { where: 'input.request' });
  }
  const response = at(entry, 'result', 'response');
  const allowed = member(response, 'allowed');
  const verdict = allowed === true ? 'allow' : allowed === false ? 'deny' : undefined;
  const path = stringOf(member(entry, 'path'))?.replace(/^\/+/, '');
  const warnings = stringsOf(member(response, 'warnings')).join('\n');
  const message =
    stringOf(at(response, 'status', 'message')) ??
    stringOf(at(response, 'status', 'reason')) ??
    stringOf(warnings) ??
    stringOf(at(entry, 'error', 'message'));
  const decision = engineDecision({
    engine: 'opa',
    verdict,
    // OPA has no policies that only watch: what its answer denies, the API server refuses.
    enforced: verdict === 'deny' ? true : undefined,
    policy: path === undefined ? [] : [path],
    message,
    uid: stringOf(request.uid),
    object_uid:
      stringOf(at(request, 'object', 'metadata', 'uid')) ??
      stringOf(at(request, 'oldObject', 'metadata', 'uid')),
    operation: stringOf(request.operation),
    dry_run: typeof request.dryRun === 'boolean' ? request.dryRun : undefined,
  });
  return new DecisionRequest(record, timeMax, {
    decision,
    ref: reviewRefOf(request),
    user: request.userInfo,
    time: parseEventTime(member(entry, 'timestamp')),
  });
}
