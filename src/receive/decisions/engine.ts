import type { EngineName } from '../../record/engine.ts';
import type { JsonObject } from '../json.ts';
import type { JsonMembers } from '../members.ts';
import type { Subject } from '../redact.ts';

/** What a decision is about, as far as the receiver has to know. */
export interface Reviewed {
  readonly resource: Subject;
  /** Namespace of the reviewed object; a Namespace is its own. */
  readonly namespace: string;
}

/** One policy engine: which documents tell its decisions. A new one is one more file and one more line in `engines.ts`. */
export interface Engine {
  readonly name: EngineName;
  /** Whether a document looks like one of this engine's that may tell a decision, by its top-level members. */
  mayTell(members: JsonMembers): boolean;
  /** What the document decides about; undefined if it tells no decision after all. */
  reviewed(document: JsonObject): Reviewed | undefined;
  /**
   * Cuts out, in place, what may hold credentials and is no Kubernetes object.
   * @returns the paths replaced
   */
  redact(document: JsonObject, resource: Subject): string[];
}

/** What stands in the place of something that may hold a credential. */
const REDACTED = '[redacted]';

/** Replaces a member that is there. @returns the path given, if it was */
export function replace(holder: JsonObject, name: string, path = name): string[] {
  if (holder[name] === undefined || holder[name] === null || holder[name] === REDACTED) return [];
  holder[name] = REDACTED;
  return [path];
}

/** The namespace of a reviewed object. */
export function namespaceOf(resource: unknown, namespace: unknown, name: unknown): string {
  const of = resource === 'namespaces' ? name || namespace : namespace;
  return typeof of === 'string' ? of : '';
}
