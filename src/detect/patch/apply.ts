import { applyJsonPatch } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';

/** What the body of a PATCH makes of an object: a JSON patch is a list of operations, every other kind of patch an object. */
export function applyPatch(object: unknown, patch: unknown): unknown {
  return Array.isArray(patch) ? applyJsonPatch(object, patch) : applyMergePatch(object, patch);
}
