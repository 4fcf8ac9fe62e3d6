import type { Trait, TraitOf } from './traits.ts';

/**
 * What a rule may ask of an event. The implementor decodes lazily: a rule asks for `verb` before it asks for
 * `requestObject`, and most events are never asked for the latter.
 */
export interface EventFields {
  /** Value of a top-level field; `undefined` if the event has no such field. */
  field(root: string): unknown;
  /** Every text of the event, keys and values, for keyword searches (Sigma rules specification, "Keywords search"). */
  keywords(): readonly string[];
  /** The event in JSON, in lower case, where that is cheaper to have than its texts; `undefined` if it may write them in another way than they are. */
  plainJson?(): string | undefined;
  /** Value of one of the fields by which rules are chosen, where the implementor has a shorter way to it than by its path. */
  trait?(field: Trait): TraitOf;
  /** True if the event has nothing below a key of a top-level field, where that is cheaper to ask than to look. */
  lacks?(root: string, key: string): boolean;
  /** Told when a path was given up after `VISITS_PER_PATH_MAX` values, so that what could not be evaluated is counted. */
  limitReached?(path: string): void;
}

/** Values (objects, array elements, leaves) that one path may visit in one event. Honest objects need a few hundred at most. */
export const VISITS_PER_PATH_MAX = 100_000;

/** Segments of a field path. */
export const PATH_SEGMENTS_MAX = 64;

const ARRAY_INDEX = /^(?:0|[1-9]\d{0,8})$/;

/** A field path made ready: `joined[i][n]` is the key made of the segments i to i+n, because a key may itself hold dots. */
interface Steps {
  readonly path: string;
  readonly root: string;
  readonly segments: readonly string[];
  readonly joined: readonly (readonly string[])[];
  /** Whether one of these keys is a name that every object has. */
  readonly inherited: boolean;
}

/** `[0]` at the end of a segment, which other engines write for `.0`. */
const BRACKETED_INDEX = /\[(0|[1-9]\d{0,8})\](?=[.[]|$)/g;

/** The segments of a path, indices among them. */
export function segmentsOf(path: string): string[] {
  return path.replaceAll(BRACKETED_INDEX, '.$1').split('.');
}

/** Whether a path can be compiled. */
export function isPath(path: string): boolean {
  return path !== '' && segmentsOf(path).length <= PATH_SEGMENTS_MAX;
}

function prepare(path: string): Steps {
  if (!isPath(path)) throw new RangeError(`expected a path of 1 to ${PATH_SEGMENTS_MAX} segments`);
  const [root = '', ...segments] = segmentsOf(path);
  const joined = segments.map((_, start) =>
    segments.slice(start).map((_, extra) => segments.slice(start, start + extra + 1).join('.')),
  );
  const inherited = joined.flat().some((key) => key in Object.prototype);
  return { path, root, segments, joined, inherited };
}

/**
 * Calls `found` with every value that the path leads to, in the order of the document, until it returns true.
 * Own properties only; an array is entered (any element counts) unless the next segment is an index into it.
 * A loop with a stack of its own, because the nesting of an event is the sender's choice.
 */
function walk(
  steps: Steps,
  event: EventFields,
  enterLastArray: boolean,
  found: (value: unknown) => boolean,
): void {
  const { segments, joined, inherited } = steps;
  const root = event.field(steps.root);
  if (root === undefined) return;
  const values: unknown[] = [root];
  const positions: number[] = [0];
  for (let visits = 0; values.length > 0; visits++) {
    if (visits === VISITS_PER_PATH_MAX) {
      event.limitReached?.(steps.path);
      return;
    }
    const value = values.pop();
    const position = positions.pop()!;
    const atEnd = position === segments.length;
    if (atEnd && !(enterLastArray && Array.isArray(value))) {
      if (found(value)) return;
    } else if (Array.isArray(value)) {
      const segment = segments[position];
      if (segment !== undefined && ARRAY_INDEX.test(segment)) {
        const index = Number(segment);
        if (index < value.length) {
          values.push(value[index]);
          positions.push(position + 1);
        }
      } else {
        // One element more than may be visited, so that a longer array is seen to reach the limit.
        for (let index = Math.min(value.length, VISITS_PER_PATH_MAX + 1) - 1; index >= 0; index--) {
          values.push(value[index]);
          positions.push(position);
        }
      }
    } else if (typeof value === 'object' && value !== null) {
      const keys = joined[position]!;
      for (let extra = keys.length - 1; extra >= 0; extra--) {
        const inner = fieldOf(value, keys[extra]!, inherited);
        if (inner !== undefined) {
          values.push(inner);
          positions.push(position + extra + 1);
        }
      }
    }
  }
}

/**
 * What `walk` would find for a path with no array on it whose keys hold no dots, which is nearly every path that every event is asked
 * for; `undefined` for the others. Beyond two segments that is known only of our own fields.
 */
function shortcut({ root, segments, inherited }: Steps, event: EventFields): unknown[] | undefined {
  let value = event.field(root);
  if (segments.length > 1 && root !== OWN_FIELDS) return value === undefined ? [] : undefined;
  for (const segment of segments) {
    if (value === undefined) return [];
    if (Array.isArray(value)) return undefined;
    // Below an object's own fields a key with dots may begin like one without: the walk finds both.
    const inner =
      typeof value === 'object' && value !== null ? fieldOf(value, segment, inherited) : undefined;
    if (inner === undefined && !(value instanceof DerivedFields && segment in value))
      return segments.length > 1 ? undefined : [];
    value = inner;
  }
  if (value === undefined) return [];
  return Array.isArray(value) ? undefined : [value];
}

/** Fields that an event's implementor works out when they are asked for: getters of a class, where JSON has own properties. */
export abstract class DerivedFields {}

/**
 * The field of an object; undefined if it has none. JSON knows no such value, so that what every object inherits is all that has to be told apart.
 */
function fieldOf(value: object, key: string, inherited: boolean): unknown {
  if (inherited && !Object.hasOwn(value, key) && key in Object.prototype) return undefined;
  return (value as Record<string, unknown>)[key];
}

/** The field under which an event's implementor puts what it adds; its keys are names without dots, but for labels. */
const OWN_FIELDS = 'gatewatch';

/** Reads the values of one path; rules that name the same path share it. */
type PathReader = (event: EventFields) => readonly unknown[];

const readers = new Map<string, PathReader>();

/** Distinct paths remembered; rules of a whole organisation name some hundreds. */
const READERS_MAX = 10_000;

/**
 * All values that a field path leads to in an event, arrays opened: what a rule's field is compared with
 * (any of them may match) and what a correlation groups by.
 */
export function compilePath(path: string): PathReader {
  const known = readers.get(path);
  if (known) return known;
  const reader = remembering(readerOf(prepare(path)));
  if (readers.size < READERS_MAX) readers.set(path, reader);
  return reader;
}

/** An event is held against all rules before the next one comes, and twenty of them may ask for the same field. */
export function remembering<Read>(read: (event: EventFields) => Read): (event: EventFields) => Read {
  let last: EventFields | undefined;
  let values: Read;
  return (event) => {
    if (event === last) return values;
    values = read(event);
    last = event;
    return values;
  };
}

function readerOf(steps: Steps): PathReader {
  const { root } = steps;
  const [key = ''] = steps.segments;
  return (event) => {
    if (event.lacks?.(root, key)) return [];
    const short = shortcut(steps, event);
    if (short) return short;
    const values: unknown[] = [];
    walk(steps, event, true, (value) => {
      values.push(value);
      return false;
    });
    return values;
  };
}

/** Whether the path leads to anything at all, be it null, empty or a list (modifiers appendix, `exists`). */
export function compileExists(path: string): (event: EventFields) => boolean {
  const steps = prepare(path);
  return (event) => {
    if (shortcut(steps, event)?.length === 0) return false;
    let exists = false;
    walk(steps, event, false, () => {
      exists = true;
      return true;
    });
    return exists;
  };
}

/** `compilePath` for a path that is used once. */
export function valuesAt(event: EventFields, path: string): readonly unknown[] {
  return compilePath(path)(event);
}

/** Every text of decoded JSON, keys and values. A loop with its own stack: the nesting is the sender's choice. */
export function* textsOf(root: unknown): Generator<string> {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        if (!Array.isArray(value)) yield key;
        open.push(inner);
      }
    } else if (value !== null && value !== undefined) {
      yield String(value);
    }
  }
}

/** An event that is already decoded, for tests of rules and other places where laziness is of no use. */
export function plainEvent(object: Readonly<Record<string, unknown>>): EventFields {
  return {
    field: (root) => (Object.hasOwn(object, root) ? object[root] : undefined),
    keywords: () => [...textsOf(object)],
  };
}
