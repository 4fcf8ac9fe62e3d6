/** An object of a parsed document, which may be changed in place. */
export type JsonObject = Record<string, unknown>;

/** A value whose shape nobody vouches for; what is no object counts as an empty one. */
export function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
