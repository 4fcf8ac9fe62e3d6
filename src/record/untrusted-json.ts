/** JSON.parse passes the text of each primitive (ECMAScript proposal "JSON.parse source text access", in V8 since 11.4). */
export type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** Every string of a text in JSON, a key with its colon. */
const STRINGS = /"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?/g;

/**
 * `JSON.parse` of what others wrote. V8 may take a key in which something is escaped for another one, which an earlier text had in the same place and which
 * is spelled like it with a backslash (nodejs/node#63785): `"\u0070rivileged"` is lost after `"\\u0070rivi"`, and an API server passes on a patch as
 * its client spelled it. Keys are therefore written without escapes first; one in which they are needed stands for no field of Kubernetes.
 * @throws SyntaxError, or RangeError for a text nested too deep for the stack
 */
export function parseUntrusted(text: string, reviver?: Reviver): unknown {
  const mayEscapeLetters = text.includes('\\u') || text.includes('\\/');
  const plain = mayEscapeLetters ? text.replace(STRINGS, withPlainKey) : text;
  return JSON.parse(plain, reviver as Parameters<typeof JSON.parse>[1]);
}

function withPlainKey(whole: string, inside: string, colon: string | undefined): string {
  if (colon === undefined || !inside.includes('\\')) return whole;
  return JSON.stringify(JSON.parse(`"${inside}"`)) + colon;
}
