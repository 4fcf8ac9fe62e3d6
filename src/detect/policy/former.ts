import { at, isObject, type JsonObject, listOf, member, stringOf } from '../decode/json.ts';
import { pointerSegments } from '../decode/json-pointer.ts';

/** Stands in a list where something was that is now gone. */
const FORMER = '(former value)';

/** The API server refuses a patch of more operations (`maxJSONPatchOperations`; k8s.io/apiserver, handlers/patch.go). */
const OPERATIONS_MAX = 10_000;
const DEPTH_MAX = 32;

type Container = Record<string, unknown> | unknown[];

/**
 * What an object may have been before a patch: as it is now, but that what the patch sets was not set, and that there was something where it
 * removes.
 * @param after the object that the patch left; it is left as it is
 */
export function formerOfPatch(patch: unknown, after: unknown): unknown {
  const former: unknown = isObject(after) ? structuredClone(after) : {};
  if (Array.isArray(patch)) {
    for (const operation of patch.slice(0, OPERATIONS_MAX).toReversed()) undo(former, operation);
    return former;
  }
  unmerge(former, patch, 0);
  return former;
}

/** Takes back one operation of a JSON patch. */
function undo(former: unknown, operation: unknown): void {
  const kind = at(operation, 'op');
  const path = pointerSegments(stringOf(at(operation, 'path')) ?? '').slice(0, DEPTH_MAX);
  const key = path.at(-1);
  if (key === undefined || key === '__proto__') return;
  const parent = reached(former, path.slice(0, -1), key, kind === 'remove');
  if (Array.isArray(parent)) undoElement(parent, key, kind);
  else if (isObject(parent)) unset(parent as Record<string, unknown>, key, kind === 'remove');
  if (kind === 'move') undo(former, { op: 'remove', path: at(operation, 'from') });
}

function undoElement(list: unknown[], key: string, kind: unknown): void {
  const index = key === '-' ? list.length - 1 : Number(key);
  if (kind === 'remove') list.push(FORMER);
  else if (index >= 0 && index < list.length) list.splice(index, 1);
}

/** Follows a path; what is missing on the way to something that was removed was there. */
function reached(root: unknown, path: readonly string[], key: string, makes: boolean): unknown {
  let node = root;
  for (const [depth, segment] of path.entries()) {
    const next: unknown = Array.isArray(node) ? node[Number(segment)] : member(node, segment);
    if (next === undefined && makes && isObject(node) && segment !== '__proto__') {
      const made: Container = /^\d+$/.test(path[depth + 1] ?? key) ? [] : {};
      (node as Record<string, unknown>)[segment] = made;
      node = made;
    } else node = next;
  }
  return node;
}

/** Empty lists, and nothing at all, are what is left of something. */
function unset(parent: Record<string, unknown>, key: string, removed: boolean): void {
  const value = parent[key] ?? [];
  if (removed || (Array.isArray(value) && value.length === 0)) parent[key] = [FORMER];
  else delete parent[key];
}

/** Takes back a merge patch or a strategic merge patch. */
function unmerge(former: unknown, patch: unknown, depth: number): void {
  if (!isObject(former) || !isObject(patch) || depth === DEPTH_MAX) return;
  const object = former as Record<string, unknown>;
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$') || key === '__proto__') continue;
    if (isRemoval(value)) object[key] ??= {};
    const present = member(object, key);
    if (isObject(value) && isObject(present)) unmerge(present, value, depth + 1);
    else if (Array.isArray(value) && MERGED.has(key)) object[key] = unmergeList(present, value, depth + 1);
    else unset(object, key, value === null);
  }
}

/** Whether a patch removes all that it names: an object of which nothing is left is left out of the answer. */
function isRemoval(patch: unknown): boolean {
  return isObject(patch) && Object.values(patch).length > 0 && Object.values(patch).every(isNull);
}

function isNull(value: unknown): boolean {
  return value === null;
}

/** Lists whose elements a strategic merge patch names (`patchMergeKey` in k8s.io/api/admissionregistration). */
const MERGED = new Set(['webhooks', 'matchConditions']);

function unmergeList(present: unknown, patch: readonly unknown[], depth: number): unknown[] {
  const list: unknown[] = [...listOf(present)];
  if (list.length === 0) return [FORMER];
  const places = new Map(list.map((one, index) => [member(one, 'name'), index] as const).toReversed());
  const made = new Set<unknown>();
  for (const element of patch) {
    const index = places.get(member(element, 'name'));
    if (member(element, '$patch') === 'delete') list.push(element);
    else if (index !== undefined && isWhole(element)) made.add(list[index]);
    else if (index !== undefined) unmerge(list[index], withoutName(element), depth);
  }
  return list.filter((one) => !made.has(one));
}

/** A webhook that is told whole may be a new one; a match condition has nothing else to it. */
function isWhole(element: unknown): boolean {
  return member(element, 'clientConfig') !== undefined || member(element, 'expression') !== undefined;
}

function withoutName(element: unknown): JsonObject {
  const { name, ...rest } = isObject(element) ? element : {};
  return rest;
}

/** Fields that say what an object is for: whoever names one of them tells the object whole, whether or not that changes anything. */
const DEFINING = new Set([
  'clientConfig',
  'validations',
  'mutations',
  'matchConstraints',
  'policyName',
  'match',
  'rules',
  'targets',
  'exceptions',
  'policyRefs',
  'module',
]);

/** Whether a patch is the whole of an object, as GitOps tools apply it again and again. */
export function tellsWhole(patch: unknown): boolean {
  if (member(patch, 'apiVersion') === undefined) return false;
  return [member(patch, 'spec'), ...listOf(member(patch, 'webhooks'))].some(
    (part) => isObject(part) && Object.keys(part).some((key) => DEFINING.has(key)),
  );
}

/** Settings whose value alone says that little is protected. */
const WEAK_SETTINGS = new Set([
  'failurePolicy',
  'validationActions',
  'enforcementAction',
  'validationFailureAction',
  'failureAction',
  'mode',
  'admission',
  'parameterNotFoundAction',
]);

/** The object with every setting that may be a weak one at its default. */
export function withoutWeakSettings(object: unknown): unknown {
  return stripped(object, 0);
}

function stripped(value: unknown, depth: number): unknown {
  if (depth === DEPTH_MAX) return value;
  if (Array.isArray(value)) return value.map((element) => stripped(element, depth + 1));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !WEAK_SETTINGS.has(key))
      .map(([key, inner]) => [key, stripped(inner, depth + 1)]),
  );
}
