import type { JsonMembers } from '../members.ts';

const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

/**
 * Members that hold a list of documents. `items`: Kubernetes lists; `decisions`: an upload of OPA that something else noted;
 * `resourceSpans`, `scopeSpans`, `spans`: the levels of OTLP.
 */
const LISTS = ['items', 'decisions', 'resourceSpans', 'scopeSpans', 'spans'];

/** Members that hold a line of a log as text, or what a log shipper has made of it. */
const LINES = ['log', 'message'];

/** Kinds of watch events that bring an object that is there; a deleted Event tells nothing new. */
const SEEN = /^(?:ADDED|MODIFIED)$/;

/** What a document holds that is no decision itself. */
export interface Content {
  /** The member that holds it. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** @returns undefined for a document that holds no other one */
export function contentOf(members: JsonMembers): Content | undefined {
  for (const name of LISTS) {
    const bytes = members.bytes(name);
    if (bytes?.[0] === OPEN_BRACKET) return { name, bytes };
  }
  const object = members.bytes('object');
  if (object?.[0] === OPEN_BRACE && SEEN.test(members.text('type') ?? '')) {
    return { name: 'object', bytes: object };
  }
  for (const name of LINES) {
    const bytes = members.bytes(name);
    if (bytes?.[0] === OPEN_BRACE) return { name, bytes };
    // Most lines are words for people.
    const text = bytes?.[0] === QUOTE ? members.text(name) : undefined;
    if (text?.startsWith('{')) return { name, bytes: Buffer.from(text) };
  }
  return undefined;
}
