import { at, isObject } from '../decode/json.ts';
import { pointerSegments } from '../decode/json-pointer.ts';

const OPERATIONS_MAX = 200;
const SEGMENTS_MAX = 32;
const INDEX_MAX = 64;

/**
 * The object that a JSON patch (RFC 6902) would make of nothing: what it adds stands where it would stand. Enough to see
 * that a refused patch asked for `hostPID`, though not what it would have left.
 */
export function patchFragment(operations: readonly unknown[]): unknown {
  let root: Record<string, unknown> = {};
  for (const operation of operations.slice(0, OPERATIONS_MAX)) {
    const kind = at(operation, 'op');
    const path = at(operation, 'path');
    if ((kind !== 'add' && kind !== 'replace') || typeof path !== 'string') continue;
    const keys = pointerSegments(path).slice(0, SEGMENTS_MAX);
    const value = structuredClone(at(operation, 'value')); // a copy: a later operation may write into it
    if (keys.length > 0) place(root, keys, value);
    else if (isObject(value)) root = value;
  }
  return root;
}

function place(root: Record<string, unknown>, keys: readonly string[], value: unknown): void {
  let node: Record<string, unknown> | unknown[] = root;
  for (const [depth, key] of keys.entries()) {
    if (key === '__proto__') return;
    const last = depth === keys.length - 1;
    const next = last ? value : ELEMENT.test(keys[depth + 1]!) ? [] : {};
    const child = step(node, key, next, last);
    if (last || child === undefined) return;
    node = child;
  }
}

/** An index, the place after the last element, or one counted from the end, which the API server's library takes too. */
const ELEMENT = /^(?:-?\d{1,3}|-)$/;

function step(
  node: Record<string, unknown> | unknown[],
  key: string,
  value: unknown,
  replace: boolean,
): Record<string, unknown> | unknown[] | undefined {
  if (Array.isArray(node)) {
    const index = !ELEMENT.test(key) ? Number.NaN : key.startsWith('-') ? node.length : Number(key);
    if (!(index <= INDEX_MAX)) return undefined;
    if (replace || !isContainer(node[index])) node[index] = value;
    return node[index] as Record<string, unknown>;
  }
  if (replace || !Object.hasOwn(node, key) || !isContainer(node[key])) node[key] = value;
  return node[key] as Record<string, unknown>;
}

function isContainer(value: unknown): boolean {
  return isObject(value) || Array.isArray(value);
}
