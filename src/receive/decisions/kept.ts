import { withoutBodies } from '../redact.ts';

/** Members that may hold credentials whatever the document is about (`Engine.redact` cuts them out of those that can be read). */
const OF_THE_ENGINE = /"(?:nd_builtin_cache|request_context)\\*"/;

/** Members in which an engine repeats parts of an object. */
const COPIES = /"(?:details|result|response)\\*"/;

/** What may be kept of a document that cannot be redacted: what stands before the first place for a credential. */
export function keptOf(bytes: Buffer): Buffer {
  const kept = withoutBodies(bytes, [COPIES]);
  const at = kept.toString('latin1').search(OF_THE_ENGINE);
  return at < 0 ? kept : kept.subarray(0, at);
}
