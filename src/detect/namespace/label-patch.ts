import { at, isObject, listOf, stringOf } from '../decode/json.ts';
import type { Labels } from './labels.ts';

/** The labels that a write sets (a string) or removes (null), and whether it replaces all others. */
export interface LabelEdit {
  readonly replacesAll: boolean;
  readonly set: ReadonlyMap<string, string | null>;
}

const LABELS_POINTER = '/metadata/labels';

/** Values longer than Kubernetes allows (63) are cut: only a refused request can carry them. */
const VALUE_CHARS_MAX = 63;
const LABELS_MAX = 256;

/** The labels of an object, at most `LABELS_MAX`. */
export function labelsOf(object: unknown): Labels {
  const labels: Record<string, string> = Object.create(null);
  const source = at(object, 'metadata', 'labels');
  if (!isObject(source)) return labels;
  for (const [key, value] of Object.entries(source).slice(0, LABELS_MAX)) {
    if (typeof value === 'string') labels[key] = value.slice(0, VALUE_CHARS_MAX);
  }
  return labels;
}

/**
 * Reads what a PATCH body does to labels: a JSON patch (an array of operations, RFC 6902), or an object, which is a merge
 * patch, a strategic merge patch or a server-side apply; for labels the three say the same.
 * @param before known labels, for operations that refer to them (`copy`, `move`)
 */
export function labelEdit(body: unknown, before: Labels | undefined): LabelEdit {
  if (Array.isArray(body)) return jsonPatchEdit(body, before ?? {});
  const set = new Map<string, string | null>();
  const metadata = at(body, 'metadata');
  const labels = at(metadata, 'labels');
  if (isObject(labels)) {
    for (const [key, value] of Object.entries(labels).slice(0, LABELS_MAX)) {
      if (value === null) set.set(key, null);
      else if (typeof value === 'string') set.set(key, value.slice(0, VALUE_CHARS_MAX));
    }
    return { replacesAll: at(labels, '$patch') === 'replace', set };
  }
  return { replacesAll: labels === null, set };
}

function jsonPatchEdit(operations: readonly unknown[], before: Labels): LabelEdit {
  const set = new Map<string, string | null>();
  let replacesAll = false;
  for (const operation of operations.slice(0, LABELS_MAX)) {
    const kind = at(operation, 'op');
    const path = stringOf(at(operation, 'path')) ?? '';
    const from = stringOf(at(operation, 'from')) ?? '';
    const label = labelIn(path);
    if (label !== undefined) {
      if (kind === 'remove') set.set(label, null);
      else if (kind === 'add' || kind === 'replace')
        set.set(label, String(at(operation, 'value')).slice(0, VALUE_CHARS_MAX));
      else if (kind === 'copy' || kind === 'move') set.set(label, current(set, before, labelIn(from)) ?? '');
    } else if (path === LABELS_POINTER && kind !== 'test') {
      replacesAll = true;
      set.clear();
      const value = at(operation, 'value');
      if (kind !== 'remove' && isObject(value)) {
        for (const [key, text] of Object.entries(labelsOf({ metadata: { labels: value } })))
          set.set(key, text);
      }
    }
    const moved = kind === 'move' ? labelIn(from) : undefined;
    if (moved !== undefined) set.set(moved, null);
  }
  return { replacesAll, set };
}

/** The label a JSON pointer names, with its escapes `~1` and `~0` undone (RFC 6901). */
function labelIn(pointer: string): string | undefined {
  if (!pointer.startsWith(`${LABELS_POINTER}/`)) return undefined;
  return pointer
    .slice(LABELS_POINTER.length + 1)
    .replaceAll('~1', '/')
    .replaceAll('~0', '~');
}

function current(
  set: ReadonlyMap<string, string | null>,
  before: Labels,
  label: string | undefined,
): string | undefined {
  if (label === undefined) return undefined;
  return set.get(label) ?? before[label];
}

/** The labels after an edit. */
export function applyEdit(edit: LabelEdit, before: Labels): Labels {
  const after: Record<string, string> = Object.assign(Object.create(null), edit.replacesAll ? {} : before);
  for (const [key, value] of edit.set) {
    if (value === null) delete after[key];
    else after[key] = value;
  }
  return after;
}

/** Whether any manager changed the object during the request, by the times of `metadata.managedFields` (whole seconds). */
export function changedSince(object: unknown, seconds: number): boolean {
  const times = listOf(at(object, 'metadata', 'managedFields')).map(
    (entry) => Date.parse(String(at(entry, 'time'))) / 1000,
  );
  const known = times.filter((time) => !Number.isNaN(time));
  return known.length === 0 || known.some((time) => time >= seconds);
}

/** Whether a manager that changed the object during the request owns the label now. */
export function ownedSince(object: unknown, label: string, seconds: number): boolean {
  return listOf(at(object, 'metadata', 'managedFields')).some(
    (entry) =>
      Date.parse(String(at(entry, 'time'))) / 1000 >= seconds &&
      at(entry, 'fieldsV1', 'f:metadata', 'f:labels', `f:${label}`) !== undefined,
  );
}
