import { parseEventTime, SECOND } from '../../record/time.ts';
import { at, isObject, listOf, stringOf } from '../decode/json.ts';
import { pointerSegments } from '../decode/json-pointer.ts';
import { changesOf } from '../decode/managed-fields.ts';
import { concernsAdmission, type Labels } from './labels.ts';

/** The labels that a write sets (a string) or removes (null), and whether it replaces all others. */
export interface LabelEdit {
  readonly replacesAll: boolean;
  readonly set: ReadonlyMap<string, string | null>;
}

const LABELS = ['metadata', 'labels'];

/** Where the labels stand below the target of an operation on all of them, on the metadata, or on the object; undefined for another. */
function labelsBelow(segments: readonly string[]): readonly string[] | undefined {
  const above =
    segments.length <= LABELS.length && segments.every((segment, index) => segment === LABELS[index]);
  return above ? LABELS.slice(segments.length) : undefined;
}

const WRITING: ReadonlySet<unknown> = new Set(['add', 'replace', 'remove', 'copy', 'move']);

/** Values longer than Kubernetes allows (63) are cut: only a refused request can carry them. */
const VALUE_CHARS_MAX = 63;
const LABELS_MAX = 256;

/** The labels of an object, at most `LABELS_MAX` and all that admission engines read. */
export function labelsOf(object: unknown): Labels {
  const labels: Record<string, string> = Object.create(null);
  for (const [key, value] of entriesOf(at(object, 'metadata', 'labels'))) {
    if (value !== null) labels[key] = value;
  }
  return labels;
}

/** Strings and nulls of a map of labels. What admission engines read cannot be pushed out by a great many others. */
function* entriesOf(labels: unknown): Iterable<[key: string, value: string | null]> {
  if (!isObject(labels)) return;
  let others = 0;
  for (const [key, value] of Object.entries(labels)) {
    if (key.startsWith('$') || (!concernsAdmission(key) && others++ >= LABELS_MAX)) continue;
    if (value === null) yield [key, null];
    else if (typeof value === 'string') yield [key, value.slice(0, VALUE_CHARS_MAX)];
  }
}

/**
 * Reads what a PATCH body does to labels: a JSON patch (an array of operations, RFC 6902), or an object, which is a merge
 * patch, a strategic merge patch or a server-side apply; for labels the three say the same.
 * @param before known labels, for operations that refer to them (`copy`, `move`)
 */
export function labelEdit(body: unknown, before: Labels | undefined): LabelEdit {
  if (Array.isArray(body)) return jsonPatchEdit(body, before ?? {});
  const labels = at(body, 'metadata', 'labels');
  // A strategic merge patch may hold a directive among the labels: `replace`, or `delete` for all of them.
  const directive = at(labels, '$patch');
  if (directive === 'delete') return { replacesAll: true, set: new Map() };
  return { replacesAll: labels === null || directive === 'replace', set: new Map(entriesOf(labels)) };
}

function jsonPatchEdit(operations: readonly unknown[], before: Labels): LabelEdit {
  const set = new Map<string, string | null>();
  let replacesAll = false;
  for (const operation of operations) {
    const kind = at(operation, 'op');
    const path = at(operation, 'path');
    if (typeof path !== 'string') continue;
    const from = pointerSegments(stringOf(at(operation, 'from')) ?? '');
    const target = pointerSegments(path);
    const label = labelIn(target);
    const below = labelsBelow(target);
    const value = at(operation, 'value');
    if (label !== undefined) {
      if (set.size >= LABELS_MAX && !concernsAdmission(label)) continue;
      if (kind === 'remove') set.set(label, null);
      else if (kind === 'add' || kind === 'replace')
        set.set(label, (stringOf(value) ?? '').slice(0, VALUE_CHARS_MAX));
      else if (kind === 'copy' || kind === 'move') set.set(label, current(set, before, labelIn(from)) ?? '');
    } else if (below && WRITING.has(kind)) {
      replacesAll = true;
      set.clear();
      for (const [key, text] of entriesOf(at(value, ...below))) set.set(key, text);
    }
    const moved = kind === 'move' ? labelIn(from) : undefined;
    if (moved !== undefined) set.set(moved, null);
  }
  return { replacesAll, set };
}

/** The label that a pointer's segments name. */
function labelIn(segments: readonly string[]): string | undefined {
  return segments.length === 3 && labelsBelow(segments.slice(0, 2)) ? segments[2] : undefined;
}

function current(
  set: ReadonlyMap<string, string | null>,
  before: Labels,
  label: string | undefined,
): string | undefined {
  if (label === undefined) return undefined;
  return set.get(label) ?? (Object.hasOwn(before, label) ? before[label] : undefined);
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
  const times = changesOf(object).times.flatMap((text) => secondsOf(text) ?? []);
  return times.length === 0 || times.some((time) => time >= seconds);
}

function secondsOf(text: unknown): number | undefined {
  const time = parseEventTime(text);
  return time === undefined ? undefined : time / SECOND;
}

/** Whether a manager that changed the object during the request owns the label now. */
export function ownedSince(object: unknown, label: string, seconds: number): boolean {
  return listOf(at(object, 'metadata', 'managedFields')).some(
    (entry) =>
      (secondsOf(at(entry, 'time')) ?? 0) >= seconds &&
      at(entry, 'fieldsV1', 'f:metadata', 'f:labels', `f:${label}`) !== undefined,
  );
}
