import { at, isObject } from '../decode/json.ts';
import { pointerSegments } from '../decode/json-pointer.ts';

const OPERATIONS_MAX = 200;
const SEGMENTS_MAX = 32;
const INDEX_MAX = 64;

type Container = Record<string, unknown> | unknown[];

/**
 * What a JSON patch (RFC 6902) makes of an object. An operation that cannot be carried out is passed over where the API server would refuse
 * the patch: what is known of the object may be a part of it, and of nothing at all the patch makes the fragment that it speaks of, in which what
 * it adds stands where it would stand. Enough to see that a refused patch asked for `hostPID`.
 * @param object left as it is
 */
export function applyJsonPatch(object: unknown, operations: readonly unknown[]): unknown {
  let root: unknown = isObject(object) ? structuredClone(object) : {};
  for (const operation of operations.slice(0, OPERATIONS_MAX)) {
    const path = at(operation, 'path');
    if (typeof path !== 'string') continue;
    const keys = pointerSegments(path).slice(0, SEGMENTS_MAX);
    const kind = at(operation, 'op');
    if (kind === 'remove') remove(root, keys);
    if (kind !== 'add' && kind !== 'replace' && kind !== 'copy' && kind !== 'move') continue;
    const from = at(operation, 'from');
    const source = typeof from === 'string' ? pointerSegments(from).slice(0, SEGMENTS_MAX) : [];
    // A copy: a later operation may write into it.
    const value = structuredClone(
      kind === 'copy' || kind === 'move' ? valueAt(root, source) : at(operation, 'value'),
    );
    if (kind === 'move') remove(root, source);
    if (keys.length === 0) root = isObject(value) ? value : root;
    else place(root as Container, keys, value, kind === 'add');
  }
  return root;
}

/** An index, the place after the last element, or one counted from the end, which the API server's library takes too. */
const ELEMENT = /^(?:-?\d{1,3}|-)$/;

function indexOf(list: readonly unknown[], key: string): number | undefined {
  if (!ELEMENT.test(key)) return undefined;
  if (key === '-') return list.length;
  const index = Number(key);
  // Counted from the end of a list that is not known whole, it is some element.
  return index < 0 ? Math.max(list.length + index, 0) : index;
}

function child(node: unknown, key: string): unknown {
  if (Array.isArray(node)) return node[indexOf(node, key) ?? node.length];
  return isObject(node) && Object.hasOwn(node, key) ? node[key] : undefined;
}

function valueAt(root: unknown, keys: readonly string[]): unknown {
  return keys.reduce(child, root);
}

function remove(root: unknown, keys: readonly string[]): void {
  const key = keys.at(-1);
  const parent = valueAt(root, keys.slice(0, -1));
  if (key === undefined) return;
  if (Array.isArray(parent)) {
    const index = indexOf(parent, key);
    if (index !== undefined && index < parent.length) parent.splice(index, 1);
  } else if (isObject(parent)) delete (parent as Record<string, unknown>)[key];
}

/** Puts the value in its place, making what is missing on the way. */
function place(root: Container, keys: readonly string[], value: unknown, inserts: boolean): void {
  let node = root;
  for (const [depth, key] of keys.entries()) {
    if (key === '__proto__') return;
    const next = keys[depth + 1];
    if (next === undefined) {
      put(node, key, value, inserts);
      return;
    }
    const below = child(node, key);
    if (isContainer(below)) node = below;
    else {
      const made: Container = ELEMENT.test(next) ? [] : {};
      if (!put(node, key, made, false)) return;
      node = made;
    }
  }
}

/** @returns whether the key is one of the node's */
function put(node: Container, key: string, value: unknown, inserts: boolean): boolean {
  if (!Array.isArray(node)) {
    node[key] = value;
    return true;
  }
  const index = indexOf(node, key);
  if (index === undefined || index > INDEX_MAX) return false;
  if (inserts && index < node.length) node.splice(index, 0, value);
  // Past the end of a list that is not known whole: two operations on one element meet there.
  else node[index] = value;
  return true;
}

function isContainer(value: unknown): value is Container {
  return isObject(value) || Array.isArray(value);
}
