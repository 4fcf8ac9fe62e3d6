import type { ReceivedRecord, RecordKind } from '../../record/record.ts';
import { decodeAdmissionReview } from './admission-review.ts';
import { decodeAuditEvent } from './audit-event.ts';
import { decodeGatekeeperDecision } from './decision/gatekeeper.ts';
import { decodeKubewardenDecision } from './decision/kubewarden.ts';
import { decodeKyvernoDecision } from './decision/kyverno.ts';
import { decodeOpaDecision } from './decision/opa.ts';
import { decodeLogEntry } from './google-log-entry.ts';
import type { Request } from './request.ts';

/** One decoder a kind of record; a new source adds its line here. */
const DECODERS: Readonly<Record<RecordKind, (record: ReceivedRecord, timeMax: number) => Request>> = {
  'audit.event': decodeAuditEvent,
  'admission.review': decodeAdmissionReview,
  'google.log-entry': decodeLogEntry,
  'opa.decision': decodeOpaDecision,
  'gatekeeper.decision': decodeGatekeeperDecision,
  'kyverno.decision': decodeKyvernoDecision,
  'kubewarden.decision': decodeKubewardenDecision,
};

/**
 * @param timeMax the latest event time to believe, in microseconds
 * @throws ITEM_NOT_JSON, ITEM_NOT_AN_EVENT
 */
export function decode(record: ReceivedRecord, timeMax: number): Request {
  return DECODERS[record.kind](record, timeMax);
}
