import { isUtf8 } from 'node:buffer';
import { GatewatchError } from '../errors.ts';
import { partitionKey, type ReceivedRecord, recordId } from '../record/record.ts';
import type { InputLimits, Origin } from './parsed.ts';
import { CredentialMarks, redact } from './redact.ts';
import { JsonScanner, NotJson } from './scan.ts';

/** A review as received, and the uid that the answer must echo. */
export interface ParsedReview {
  readonly uid: string;
  readonly record: ReceivedRecord;
}

interface ReviewBody {
  kind?: unknown;
  apiVersion?: unknown;
  request?: {
    uid?: unknown;
    namespace?: unknown;
    name?: unknown;
    resource?: { resource?: unknown };
    subResource?: unknown;
    object?: unknown;
    oldObject?: unknown;
  };
}

/**
 * Reads one `admission.k8s.io/v1` AdmissionReview request into a record.
 * @throws BODY_NOT_JSON, BODY_NOT_ADMISSION_REVIEW, ITEM_TOO_DEEP
 */
export function parseAdmissionReview(
  body: Buffer,
  origin: Origin,
  limits: InputLimits,
  where = 'body',
): ParsedReview {
  const review = decode(body, limits, where);
  const request = review.request;
  const isReview = review.kind === 'AdmissionReview' && review.apiVersion === 'admission.k8s.io/v1';
  if (!isReview || typeof request !== 'object' || request === null || typeof request.uid !== 'string') {
    throw new GatewatchError(
      'BODY_NOT_ADMISSION_REVIEW',
      'Expected kind AdmissionReview of admission.k8s.io/v1 with a request that has a uid.',
      { where },
    );
  }
  const { cluster, receivedMs } = origin;
  const subject = { resource: request.resource?.resource, subresource: request.subResource };
  const namespace =
    subject.resource === 'namespaces' ? (request.name ?? request.namespace) : request.namespace;
  const redacted = new CredentialMarks(body).suspects(subject, 0, body.length)
    ? redact({ 'request.object': request.object, 'request.oldObject': request.oldObject }, subject)
    : [];
  const record: ReceivedRecord = {
    kind: 'admission.review',
    cluster,
    key: partitionKey(cluster, typeof namespace === 'string' ? namespace : ''),
    id: recordId(cluster, body),
    receivedMs,
    bytes: redacted.length > 0 ? Buffer.from(JSON.stringify(review)) : body,
    bodies: [],
    redacted,
  };
  return { uid: request.uid, record };
}

function decode(body: Buffer, limits: InputLimits, where: string): ReviewBody {
  const scanner = new JsonScanner(body, limits.json_depth_max);
  try {
    const end = scanner.skipSpace(scanner.skipValue(scanner.skipSpace(0)));
    if (end !== body.length) throw new NotJson(end);
    if (!isUtf8(body)) throw new GatewatchError('ITEM_NOT_UTF8', 'The bytes are not valid UTF-8.', { where });
    if (scanner.tooDeep) {
      throw new GatewatchError('ITEM_TOO_DEEP', `Nested deeper than ${limits.json_depth_max} levels.`, {
        where,
      });
    }
    const review: unknown = JSON.parse(body.toString());
    return typeof review === 'object' && review !== null ? review : {};
  } catch (error) {
    if (error instanceof GatewatchError) throw error;
    throw new GatewatchError('BODY_NOT_JSON', `The body is not JSON: ${(error as Error).message}.`, {
      where,
      cause: error,
    });
  }
}
