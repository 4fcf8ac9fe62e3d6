import { at, isObject, type JsonObject } from './json.ts';

/** Answers that are no object: a failure, and the table that a client can ask for in its place (k8s.io/apiserver, handlers/response.go). */
const NO_OBJECT: ReadonlySet<unknown> = new Set(['Status', 'Table']);

/** The object that an answer holds, or its metadata alone, which a client can ask for too. */
export function answeredMetadata(responseObject: unknown): JsonObject | undefined {
  const holds = isObject(responseObject) && !NO_OBJECT.has(responseObject.kind);
  return holds && at(responseObject, 'metadata') !== undefined ? responseObject : undefined;
}

/** The object that an answer holds, whole. */
export function answeredObject(responseObject: unknown): JsonObject | undefined {
  const holds = isObject(responseObject) && !NO_OBJECT.has(responseObject.kind);
  return holds && responseObject.kind !== 'PartialObjectMetadata' ? responseObject : undefined;
}
