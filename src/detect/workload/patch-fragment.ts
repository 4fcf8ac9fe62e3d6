import { at, isObject, stringOf } from '../decode/json.ts';

const OPERATIONS_MAX = 200;
const SEGMENTS_MAX = 32;
const INDEX_MAX = 64;

/**
 * The object that a JSON patch (RFC 6902) would make of nothing: what it adds stands where it would stand. Enough to see
 * that a refused patch asked for `hostPID`, though not what it would have left.
 */
export function patchFragment(operations: readonly unknown[]): unknown {
  const root: Record<string, unknown> = {};
  for (const operation of operations.slice(0, OPERATIONS_MAX)) {
    const kind = at(operation, 'op');
    const path = stringOf(at(operation, 'path'));
    if ((kind === 'add' || kind === 'replace') && path?.startsWith('/'))
      place(root, path, at(operation, 'value'));
  }
  return root;
}

function place(root: Record<string, unknown>, pointer: string, value: unknown): void {
  const segments = pointer.slice(1).split('/').slice(0, SEGMENTS_MAX);
  const keys = segments.map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  let node: Record<string, unknown> | unknown[] = root;
  for (const [depth, key] of keys.entries()) {
    if (key === '__proto__') return;
    const last = depth === keys.length - 1;
    // A copy: a later operation may write into it.
    const next = last ? structuredClone(value) : /^(?:\d+|-)$/.test(keys[depth + 1]!) ? [] : {};
    const child = step(node, key, next, last);
    if (last || child === undefined) return;
    node = child;
  }
}

function step(
  node: Record<string, unknown> | unknown[],
  key: string,
  value: unknown,
  replace: boolean,
): Record<string, unknown> | unknown[] | undefined {
  if (Array.isArray(node)) {
    const index = key === '-' ? node.length : /^\d{1,3}$/.test(key) ? Number(key) : Number.NaN;
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
