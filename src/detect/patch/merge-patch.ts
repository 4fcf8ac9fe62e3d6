import { isObject, type JsonObject, listOf, member, stringOf } from '../decode/json.ts';

/** Levels of nesting that are merged; deeper the patch takes the place of what was there. */
const DEPTH_MAX = 32;

/**
 * What tells the elements of a list apart, for the lists that the API server merges (`patchMergeKey` in k8s.io/api) and that hold what rules look
 * at. Lists that are not named here are replaced.
 */
const MERGE_KEYS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    containers: 'name',
    initContainers: 'name',
    ephemeralContainers: 'name',
    volumes: 'name',
    env: 'name',
    volumeMounts: 'mountPath',
    ports: 'port',
    webhooks: 'name',
    matchConditions: 'name',
  }),
);

/**
 * What a patch that is an object makes of an object: a strategic merge patch, a server-side apply, or a merge patch (RFC 7396). An audit event does
 * not tell which, and they differ in lists only: with the first two, elements of a list that have a name are merged by it; a merge patch replaces
 * the list. They are merged here, so that what an object is known to hold is not lost by a guess.
 * @param object left as it is
 */
export function applyMergePatch(object: unknown, patch: unknown): unknown {
  return merge(object, patch, '', 0);
}

function merge(object: unknown, patch: unknown, field: string, depth: number): unknown {
  if (Array.isArray(patch)) return mergeList(listOf(object), patch, MERGE_KEYS.get(field), depth);
  if (!isObject(patch) || depth === DEPTH_MAX) return patch;
  const directive = patch.$patch;
  const before = isObject(object) && directive !== 'replace' && directive !== 'delete' ? object : {};
  const after: Record<string, unknown> = { ...before };
  for (const [key, value] of Object.entries(patch)) {
    if (key === '__proto__') continue;
    if (key.startsWith('$')) removeListed(after, key, value);
    else if (value === null) delete after[key];
    else after[key] = merge(member(before, key), value, key, depth + 1);
  }
  return after;
}

const DELETE_FROM = '$deleteFromPrimitiveList/';

/** `$deleteFromPrimitiveList/finalizers: [x]` takes elements out of a list of texts. */
function removeListed(after: Record<string, unknown>, directive: string, value: unknown): void {
  const field = directive.slice(DELETE_FROM.length);
  if (!directive.startsWith(DELETE_FROM) || !Array.isArray(member(after, field))) return;
  const gone = new Set(listOf(value));
  after[field] = listOf(after[field]).filter((element) => !gone.has(element));
}

function mergeList(
  before: readonly unknown[],
  patch: readonly unknown[],
  mergeKey: string | undefined,
  depth: number,
): unknown[] {
  const replaced = patch.some((element) => member(element, '$patch') === 'replace');
  if (mergeKey === undefined || replaced)
    return patch.filter((element) => member(element, '$patch') !== 'replace');
  // In the order of the list; what has no name, or one that was there before, has a place of its own.
  const after = new Map<string | symbol, unknown>();
  for (const element of before) {
    const name = nameOf(element, mergeKey);
    after.set(name === undefined || after.has(name) ? Symbol() : name, element);
  }
  for (const element of patch) {
    const name = nameOf(element, mergeKey) ?? Symbol();
    if (member(element, '$patch') === 'delete') after.delete(name);
    else after.set(name, merge(after.get(name), element, '', depth + 1));
  }
  return [...after.values()];
}

function nameOf(element: unknown, mergeKey: string): string | undefined {
  const value = member(element as JsonObject, mergeKey) ?? member(element, 'containerPort');
  return typeof value === 'number' ? String(value) : stringOf(value);
}
