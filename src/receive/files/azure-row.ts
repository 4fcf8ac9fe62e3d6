import { GatewatchError } from '../../errors.ts';
import { parseEvent } from '../audit-events.ts';
import { parseExactly } from '../exact-json.ts';
import type { JsonMembers } from '../members.ts';
import type { InputLimits, Origin, Parsed } from '../parsed.ts';

type Columns = Readonly<Record<string, string>>;

/** Columns of the tables AKSAudit and AKSAuditAdmin of Azure Monitor, and the fields of an audit event that they hold. */
const TEXTS: Columns = {
  Level: 'level',
  AuditId: 'auditID',
  Stage: 'stage',
  RequestUri: 'requestURI',
  Verb: 'verb',
  UserAgent: 'userAgent',
  RequestReceivedTime: 'requestReceivedTimestamp',
  StageReceivedTime: 'stageTimestamp',
};
const OBJECTS: Columns = {
  User: 'user',
  ImpersonatedUser: 'impersonatedUser',
  SourceIps: 'sourceIPs',
  ObjectRef: 'objectRef',
  ResponseStatus: 'responseStatus',
  Annotations: 'annotations',
  RequestObject: 'requestObject',
  ResponseObject: 'responseObject',
};

/** What the tables hold in the place of an object that was too large for them. */
const SKIPPED = 'skipped-too-big-size-object';

export function isAzureRow(members: JsonMembers): boolean {
  return members.has('AuditId') && members.has('RequestUri');
}

/**
 * Takes a row of one of Azure Monitor's tables as the audit event that it was made of. The event's own bytes are lost: they are
 * written anew, always in the same way.
 * @throws ITEM_NOT_JSON
 */
export function parseAzureRow(bytes: Buffer, origin: Origin, limits: InputLimits, where: string): Parsed {
  const row = decoded(bytes.toString(), where) as Readonly<Record<string, unknown>>;
  const event: Record<string, unknown> = {};
  for (const [column, field] of Object.entries(TEXTS)) event[field] = row[column];
  for (const [column, field] of Object.entries(OBJECTS)) {
    const value = row[column];
    // Some tools write objects as text.
    if (value !== SKIPPED)
      event[field] = typeof value === 'string' && value !== '' ? decoded(value, where) : value;
  }
  if (row.RequestObject === SKIPPED || row.ResponseObject === SKIPPED)
    event.annotations = { ...(event.annotations as object), 'audit.k8s.io/truncated': 'true' };
  return parseEvent(Buffer.from(JSON.stringify(event)), origin, limits, where);
}

function decoded(text: string, where: string): unknown {
  try {
    return parseExactly(text);
  } catch (cause) {
    // The message of JSON.parse quotes the text, and that may be a credential.
    throw new GatewatchError('ITEM_NOT_JSON', 'Not JSON, or nested too deep.', { where, cause });
  }
}
