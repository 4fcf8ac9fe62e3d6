import { parseExactly } from '../exact-json.ts';
import { type JsonObject, objectOf } from '../json.ts';
import { JsonMembers } from '../members.ts';
import { JsonScanner } from '../scan.ts';
import { googleEntryIn } from './elastic-google.ts';

const OPEN_BRACE = 0x7b;

/** Members of which the integration writes one or another, whatever cluster it reads. */
const OF_AUDIT = ['verb', 'requestURI', 'objectRef', 'auditID', 'protoPayload'];

/**
 * The audit event, or Google Cloud's entry, in a document of one of Elastic's integrations, as it was before its pipeline took it.
 * Bytes that the pipeline leaves as they are stay their own.
 * @returns undefined if it is no such document; collectors note under `kubernetes`, too, which pod wrote a line
 */
export function auditOf(members: JsonMembers, depthMax: number): { name: string; bytes: Buffer } | undefined {
  const kubernetes = ofKubernetes(members, depthMax);
  if (kubernetes) return { name: 'kubernetes audit', bytes: kubernetes };
  const google = members.has('gcp') ? attempt(() => googleEntryIn(members)) : undefined;
  return google && { name: 'gcp audit', bytes: Buffer.from(JSON.stringify(google)) };
}

function ofKubernetes(members: JsonMembers, depthMax: number): Buffer | undefined {
  const kubernetes = membersOf(members.bytes('kubernetes'), depthMax);
  const bytes = kubernetes?.bytes('audit');
  const audit = membersOf(bytes, depthMax);
  if (!bytes || !audit || !OF_AUDIT.some((name) => audit.has(name))) return undefined;
  return audit.has('protoPayload') ? entryOf(bytes) : withAnnotationNames(bytes, audit);
}

function membersOf(bytes: Buffer | undefined, depthMax: number): JsonMembers | undefined {
  if (bytes?.[0] !== OPEN_BRACE) return undefined;
  const members = new JsonMembers(bytes, 0, new JsonScanner(bytes, depthMax));
  return members.whole ? members : undefined;
}

function withAnnotationNames(bytes: Buffer, audit: JsonMembers): Buffer {
  const written = audit.bytes('annotations');
  const annotations = written && read(written);
  if (!written || !annotations || Object.keys(annotations).every((name) => nameOf(name) === name))
    return bytes;
  const start = written.byteOffset - bytes.byteOffset;
  const named = Buffer.from(JSON.stringify(renamed(annotations)));
  return Buffer.concat([bytes.subarray(0, start), named, bytes.subarray(start + written.length)]);
}

/** The integration has names of its own for what stands beside the payload. */
function entryOf(bytes: Buffer): Buffer {
  const audit = read(bytes);
  if (!audit) return bytes;
  const { auditID, stageTimestamp, requestReceivedTimestamp, annotations, responseStatus, protoPayload } =
    audit;
  const entry = {
    insertId: auditID,
    timestamp: stageTimestamp,
    receiveTimestamp: requestReceivedTimestamp,
    labels: renamed(objectOf(annotations)),
    logName: audit.logName,
    operation: audit.operation,
    resource: audit.resource,
    protoPayload: { ...objectOf(protoPayload), status: responseStatus },
  };
  return Buffer.from(JSON.stringify(entry));
}

function read(bytes: Buffer): JsonObject | undefined {
  return attempt(() => objectOf(parseExactly(bytes.toString())));
}

/** @returns undefined for what cannot be read: whoever decodes it says why */
function attempt<Value>(parse: () => Value): Value | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function renamed(annotations: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(annotations).map(([name, value]) => [nameOf(name), value]));
}

/** The pipeline writes `_` for each dot. A name's prefix is one of DNS, which has no `_`; behind the slash it may have been one. */
function nameOf(name: string): string {
  const slash = name.indexOf('/');
  return name.slice(0, Math.max(slash, 0)).replaceAll('_', '.') + name.slice(Math.max(slash, 0));
}
