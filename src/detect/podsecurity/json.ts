/** A JSON object of which nothing is known: every field may be absent or of any type. */
export type JsonObject = Readonly<Record<string, unknown>>;

const NO_ITEMS: readonly unknown[] = [];
const EMPTY: JsonObject = {};

/** The value as a JSON object; undefined for null, arrays and scalars, because a wrong type counts as absent. */
export function objectOf(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

/** The value as an array; empty if it is anything else. */
export function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : NO_ITEMS;
}

/**
 * The value as a string; empty if it is anything else. A lone surrogate becomes U+FFFD, as Go's decoder reads it
 * (`encoding/json`, decode.go).
 */
export function stringOf(value: unknown): string {
  return typeof value === 'string' ? value.toWellFormed() : '';
}

/**
 * An array's element as a JSON object. A null element decodes in Go to the type's zero value, so that it still is a
 * container, volume or port, only one with nothing set (`encoding/json`, decode.go).
 */
export function objectElement(value: unknown): JsonObject | undefined {
  return value === null ? EMPTY : objectOf(value);
}

/**
 * An element of an array or map of strings, where null decodes in Go to the empty string (`encoding/json`,
 * decode.go); undefined for every other type.
 */
export function stringElement(value: unknown): string | undefined {
  return value === null ? '' : typeof value === 'string' ? value.toWellFormed() : undefined;
}
