import { isUtf8 } from 'node:buffer';
import { GatewatchError } from '../errors.ts';
import { partitionKey, type ReceivedRecord, recordId } from '../record/record.ts';
import { parseUntrusted } from '../record/untrusted-json.ts';
import { parseExactly } from './exact-json.ts';
import type { InputLimits, Origin, Parsed, Rejection } from './parsed.ts';
import { CredentialMarks, redact, withoutBodies } from './redact.ts';
import { JsonScanner, NotJson } from './scan.ts';

/** A review as one record or one rejection, and the uid that the answer must echo. */
export interface ParsedReview extends Parsed {
  readonly uid: string;
}

interface ReviewRequest {
  readonly uid: string;
  readonly namespace?: unknown;
  readonly name?: unknown;
  readonly resource?: { readonly resource?: unknown } | null;
  readonly subResource?: unknown;
  readonly object?: unknown;
  readonly oldObject?: unknown;
}

/**
 * Reads one `admission.k8s.io/v1` AdmissionReview request. A review that breaks a limit is a rejection but has its uid: the cluster
 * gets its answer whatever Gatewatch can make of the object.
 * @throws BODY_NOT_JSON, BODY_NOT_ADMISSION_REVIEW
 */
export function parseAdmissionReview(
  body: Buffer,
  origin: Origin,
  limits: InputLimits,
  where = 'body',
): ParsedReview {
  const scanner = new JsonScanner(body, limits.json_depth_max);
  const request = requestOf(decode(body, scanner, where), where);
  const reject = (code: Rejection['code'], what: string): ParsedReview => {
    const bytes = withoutBodies(body).subarray(0, limits.item_bytes_max);
    return { uid: request.uid, records: [], rejected: [{ code, where, what, bytes }] };
  };
  if (body.length > limits.item_bytes_max)
    return reject('ITEM_TOO_LARGE', `${body.length} bytes, at most ${limits.item_bytes_max}.`);
  if (scanner.tooDeep) return reject('ITEM_TOO_DEEP', `Nested deeper than ${limits.json_depth_max} levels.`);
  if (!isUtf8(body)) return reject('ITEM_NOT_UTF8', 'The bytes are not valid UTF-8.');
  try {
    return { uid: request.uid, records: [recordOf(body, request, origin)], rejected: [] };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return reject('ITEM_TOO_DEEP', 'Nested too deep to look for credentials in it.');
  }
}

function decode(body: Buffer, scanner: JsonScanner, where: string): unknown {
  try {
    const end = scanner.skipSpace(scanner.skipValue(scanner.skipSpace(0)));
    if (end !== body.length) throw new NotJson(end);
    return parseUntrusted(body.toString());
  } catch (error) {
    // The message of JSON.parse quotes the body, and that may be a credential.
    const what =
      error instanceof NotJson ? `The body is not JSON: ${error.message}.` : 'The body is not JSON.';
    throw new GatewatchError('BODY_NOT_JSON', what, { where, cause: error });
  }
}

function requestOf(review: unknown, where: string): ReviewRequest {
  const { kind, apiVersion, request } = (review ?? {}) as Record<string, unknown>;
  const isReview = kind === 'AdmissionReview' && apiVersion === 'admission.k8s.io/v1';
  const isRequest = typeof request === 'object' && request !== null;
  if (isReview && isRequest && typeof (request as ReviewRequest).uid === 'string') {
    return request as ReviewRequest;
  }
  throw new GatewatchError(
    'BODY_NOT_ADMISSION_REVIEW',
    'Expected kind AdmissionReview of admission.k8s.io/v1 with a request that has a uid.',
    { where },
  );
}

function recordOf(body: Buffer, request: ReviewRequest, origin: Origin): ReceivedRecord {
  const { cluster, receivedMs } = origin;
  const subject = { resource: request.resource?.resource, subresource: request.subResource };
  const namespace =
    subject.resource === 'namespaces' ? (request.name ?? request.namespace) : request.namespace;
  const record = {
    kind: 'admission.review',
    cluster,
    key: partitionKey(cluster, typeof namespace === 'string' ? namespace : ''),
    id: recordId(cluster, body),
    receivedMs,
    bodies: [],
  } as const;
  if (!new CredentialMarks(body).suspects(subject, 0, body.length))
    return { ...record, bytes: body, redacted: [] };
  const exact = parseExactly(body.toString()) as { request: ReviewRequest };
  const { object, oldObject } = exact.request;
  const redacted = redact({ 'request.object': object, 'request.oldObject': oldObject }, subject);
  return { ...record, bytes: redacted.length > 0 ? Buffer.from(JSON.stringify(exact)) : body, redacted };
}
