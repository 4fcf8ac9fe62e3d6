import { hash } from 'node:crypto';
import type { EngineName } from './engine.ts';

/** What a record is: which decoder of `detect/decode` reads its bytes. */
export type RecordKind = 'audit.event' | 'admission.review' | 'google.log-entry' | `${EngineName}.decision`;

/** The version of the header layout below, carried by every record so that a later one can be told apart. */
export const RECORD_FORMAT = 1;

/**
 * One audit event or one admission decision on its way through the log: the bytes as received, and what the
 * receiver learnt about them without decoding them.
 */
export interface ReceivedRecord {
  readonly kind: RecordKind;
  /** The cluster that the sender's credential fixes. */
  readonly cluster: string;
  /** Partition key: cluster and namespace (a Namespace object's own name counts as its namespace). */
  readonly key: string;
  /** Hash of the cluster and the bytes received: identical retries are identical records. */
  readonly id: string;
  /** Wall-clock time of arrival, Unix milliseconds. For lag and for events that carry no usable time; it never decides a match. */
  readonly receivedMs: number;
  /** The JSON bytes of the one event, review or decision, as received but for credentials that were cut out. */
  readonly bytes: Buffer;
  /**
   * Byte ranges of the values of the top-level fields `requestObject` and `responseObject`, in ascending order and
   * flat ([start, end, start, end]). A decoder may leave them unparsed until a rule asks for them.
   */
  readonly bodies: readonly number[];
  /** Paths whose values the receiver replaced because they held a credential; empty for nearly every record. */
  readonly redacted: readonly string[];
}

/** Separates the parts of keys and hashed identities; it cannot occur in a Kubernetes name. */
const SEPARATOR = '\u0000';

/** A 128-bit content identity, in hex, of the given texts. */
export function contentId(...parts: readonly string[]): string {
  return hash('sha256', parts.join(SEPARATOR), 'hex').slice(0, 32);
}

/** The identity of a record: hash of its cluster and the bytes received. */
export function recordId(cluster: string, bytes: Buffer): string {
  return hash('sha256', Buffer.concat([Buffer.from(cluster + SEPARATOR), bytes]), 'hex').slice(0, 32);
}

/** The partition key of everything that concerns one namespace of one cluster; cluster-scoped things have an empty namespace. */
export function partitionKey(cluster: string, namespace: string): string {
  return `${cluster}/${namespace}`;
}
