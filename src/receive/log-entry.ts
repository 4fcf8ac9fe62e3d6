import { isUtf8 } from 'node:buffer';
import { type ErrorCode, GatewatchError } from '../errors.ts';
import { kubernetesMethod } from '../record/log-entry.ts';
import { partitionKey, type ReceivedRecord, recordId } from '../record/record.ts';
import { parseExactly } from './exact-json.ts';
import { objectOf } from './json.ts';
import type { InputLimits, Origin, Parsed } from './parsed.ts';
import { CredentialMarks, redact, redactPatches, type Subject } from './redact.ts';
import { JsonScanner, NotJson } from './scan.ts';

/** The service whose entries are the audit events of clusters. */
const KUBERNETES = 'k8s.io';

/**
 * Takes an entry of Google Cloud's audit logs. Those of other services are passed over.
 * @throws ITEM_TOO_LARGE, ITEM_NOT_UTF8, ITEM_TOO_DEEP, ITEM_NOT_JSON
 */
export function parseLogEntry(bytes: Buffer, origin: Origin, limits: InputLimits, where: string): Parsed {
  const { item_bytes_max, json_depth_max } = limits;
  const refuse = (code: ErrorCode, what: string): never => {
    throw new GatewatchError(code, what, { where });
  };
  if (bytes.length > item_bytes_max)
    refuse('ITEM_TOO_LARGE', `${bytes.length} bytes, at most ${item_bytes_max}.`);
  if (!isUtf8(bytes)) refuse('ITEM_NOT_UTF8', 'The bytes are not valid UTF-8.');
  const scanner = new JsonScanner(bytes, json_depth_max);
  try {
    scanner.skipValue(scanner.skipSpace(0));
    if (scanner.tooDeep) refuse('ITEM_TOO_DEEP', `Nested deeper than ${json_depth_max} levels.`);
    return { records: recordsOf(bytes, origin), rejected: [] };
  } catch (error) {
    // The message of JSON.parse quotes the entry, and that may be a credential.
    if (error instanceof SyntaxError || error instanceof NotJson) return refuse('ITEM_NOT_JSON', 'Not JSON.');
    if (error instanceof RangeError) return refuse('ITEM_TOO_DEEP', 'Nested deeper than can be read.');
    throw error;
  }
}

function recordsOf(bytes: Buffer, { cluster, receivedMs }: Origin): ReceivedRecord[] {
  const entry = objectOf(parseExactly(bytes.toString()));
  const payload = objectOf(entry.protoPayload);
  const { serviceName = KUBERNETES, methodName, resourceName } = payload;
  if (serviceName !== KUBERNETES) return [];
  const subject: Subject = kubernetesMethod(methodName) ?? {};
  const name = typeof resourceName === 'string' ? resourceName : '';
  const namespace = /(?:^|\/)namespaces\/([^/]+)/.exec(name)?.[1] ?? '';
  const record = {
    kind: 'google.log-entry',
    cluster,
    key: partitionKey(cluster, namespace),
    id: recordId(cluster, bytes),
    receivedMs,
    bodies: [],
  } as const;
  if (!new CredentialMarks(bytes).suspects(subject, 0, bytes.length))
    return [{ ...record, bytes, redacted: [] }];
  for (const name of ['request', 'response']) {
    const body = payload[name];
    if (typeof body === 'string') payload[name] = parseExactly(body);
  }
  const { request, response } = payload;
  const redacted = redact({ 'protoPayload.request': request, 'protoPayload.response': response }, subject);
  if (subject.resource === 'secrets') redactPatches(entry.labels, redacted);
  const clean = redacted.length > 0 ? Buffer.from(JSON.stringify(entry)) : bytes;
  return [{ ...record, bytes: clean, redacted }];
}
