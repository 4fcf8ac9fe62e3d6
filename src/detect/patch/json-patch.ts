import { at, isObject } from '../decode/json.ts';
import { pointerSegments } from '../decode/json-pointer.ts';
import { type Container, Copies, DEPTH_MAX, isContainer } from './copies.ts';

/** The API server refuses a patch of more operations (`maxJSONPatchOperations`; k8s.io/apiserver, handlers/patch.go). */
const OPERATIONS_MAX = 10_000;

/**
 * Characters that a patch makes without saying them: a `copy` can double what there is, and again and again. The API server refuses a patch that
 * copies more (`JSONPatchMaxCopyBytes`; k8s.io/apiserver, server/config.go).
 */
const MADE_CHARS_MAX = 3 * 1024 * 1024;

/**
 * What a JSON patch (RFC 6902) makes of an object. An operation that cannot be carried out is passed over where the API server would refuse
 * the patch: what is known of the object may be a part of it, and of nothing at all the patch makes the fragment that it speaks of, in which what
 * it adds stands where it would stand. Enough to see that a refused patch asked for `hostPID`.
 * @param object left as it is
 */
export function applyJsonPatch(object: unknown, operations: readonly unknown[]): unknown {
  const patched = new PatchedObject(object);
  for (const operation of operations.slice(0, OPERATIONS_MAX)) {
    patched.carryOut(operation);
    if (patched.isFull) break;
  }
  return patched.result;
}

/** An object while operations change it. */
class PatchedObject {
  #root: Container;
  readonly #made = new Copies(MADE_CHARS_MAX);

  constructor(object: unknown) {
    this.#root = isObject(object) ? new Copies().of(object) : {};
  }

  get isFull(): boolean {
    return this.#made.left < 0;
  }

  /** What has come of it. Values that were moved into each other lie as deep as they like. */
  get result(): unknown {
    return new Copies().of(this.#root);
  }

  carryOut(operation: unknown): void {
    const path = segmentsOf(operation, 'path');
    if (!path) return;
    const kind = at(operation, 'op');
    if (kind === 'remove') this.#remove(path);
    else this.#place(path, this.#valueFor(kind, operation), kind !== 'replace');
  }

  #valueFor(kind: unknown, operation: unknown): unknown {
    if (kind === 'add' || kind === 'replace') return new Copies().of(at(operation, 'value'));
    const from = segmentsOf(operation, 'from');
    if (!from) return undefined;
    if (kind === 'move') return this.#remove(from);
    return kind === 'copy' ? this.#made.of(this.#valueAt(from)) : undefined;
  }

  #valueAt(path: readonly string[]): unknown {
    return path.reduce(child, this.#root as unknown);
  }

  /** @returns what was there */
  #remove(path: readonly string[]): unknown {
    const key = path.at(-1);
    const parent = this.#valueAt(path.slice(0, -1));
    if (key === undefined) return undefined;
    const removed = child(parent, key);
    if (Array.isArray(parent)) {
      const index = indexOf(parent, key);
      if (index !== undefined && index < parent.length) parent.splice(index, 1);
    } else if (isObject(parent)) delete (parent as Record<string, unknown>)[key];
    return removed;
  }

  /** Puts the value in its place, making what is missing on the way. */
  #place(path: readonly string[], value: unknown, inserts: boolean): void {
    if (value === undefined || path.includes('__proto__')) return;
    const last = path.at(-1);
    if (last === undefined) {
      if (isObject(value)) this.#root = value;
      return;
    }
    let node = this.#root;
    for (const [depth, key] of path.slice(0, -1).entries()) {
      const below = child(node, key);
      if (isContainer(below)) node = below;
      else {
        const made: Container = ELEMENT.test(path[depth + 1]!) ? [] : {};
        if (!this.#put(node, key, made, false)) return;
        node = made;
      }
    }
    this.#put(node, last, value, inserts);
  }

  /** @returns whether the key is one of the node's */
  #put(node: Container, key: string, value: unknown, inserts: boolean): boolean {
    if (!Array.isArray(node)) {
      node[key] = value;
      return true;
    }
    const index = indexOf(node, key);
    if (index === undefined) return false;
    // Past the end of a list that is not known whole: two operations on one element meet there.
    this.#made.left -= Math.max(index - node.length, 0) * 'null,'.length;
    if (this.isFull) return false;
    if (inserts && index < node.length) node.splice(index, 0, value);
    else node[index] = value;
    return true;
  }
}

/** Where a member of an operation points; undefined if it is no pointer, or leads deeper than anything lies. */
function segmentsOf(operation: unknown, member: 'path' | 'from'): readonly string[] | undefined {
  const pointer = at(operation, member);
  const segments = typeof pointer === 'string' ? pointerSegments(pointer) : undefined;
  return segments && segments.length <= DEPTH_MAX ? segments : undefined;
}

/** An index, the place after the last element, or one counted from the end, which the API server's library takes too. */
const ELEMENT = /^(?:-?\d{1,7}|-)$/;

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
