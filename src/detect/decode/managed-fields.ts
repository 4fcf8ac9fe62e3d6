import { parseUntrusted } from '../../record/untrusted-json.ts';
import { at, listOf, parseJson, stringOf } from './json.ts';

/** Where an object says who changed it, and when (k8s.io/apimachinery/pkg/apis/meta/v1, ObjectMeta). There is no other list in it. */
const BEGINNING = ',"managedFields":[';
const END = ']';

/** What stands in their place until then: a number that nobody else writes there. */
const STAND_IN = 0.637_181_526_304;

/** Under it metadata hold their managed fields as they were written. */
const unread = Symbol('managedFields');

interface Metadata {
  readonly [unread]?: { readonly json: string; changes?: Changes | undefined };
}

const READING: PropertyDescriptor & ThisType<Metadata> = {
  enumerable: true,
  configurable: true,
  get() {
    const value = parseJson(this[unread]!.json);
    Object.defineProperty(this, 'managedFields', { value });
    return value;
  },
};

/**
 * Parses an object of Kubernetes. Its managed fields, which are half of what the API server answers, are parsed when they are asked for.
 * @throws ITEM_NOT_JSON, of the managed fields only then
 */
export function parseObject(text: string): unknown {
  const start = text.indexOf(BEGINNING) + BEGINNING.length - 1;
  if (start < BEGINNING.length) return parseJson(text);
  return parseWithout(text, start, text.indexOf(END, start) + 1) ?? parseJson(text);
}

/**
 * Where the part is more or less than a list, or that of another object, a bracket or quote is left over or what stands in is found elsewhere.
 * @returns undefined then
 */
function parseWithout(text: string, start: number, end: number): unknown {
  try {
    const object = parseUntrusted(`${text.slice(0, start)}${STAND_IN}${text.slice(end)}`) as {
      metadata: object & { managedFields?: unknown };
    };
    const { metadata } = object;
    if (metadata.managedFields !== STAND_IN) return undefined;
    Object.defineProperty(metadata, unread, { value: { json: text.slice(start, end), changes: undefined } });
    return Object.defineProperty(metadata, 'managedFields', READING) && object;
  } catch {
    return undefined;
  }
}

/** What the managed fields of an object tell of its changes: by whom, and when, as written. */
export interface Changes {
  readonly managers: readonly string[];
  readonly times: readonly string[];
}

/** The changes of an object as the API server tells them; of what it wrote itself they are not parsed for it. */
export function changesOf(object: unknown): Changes {
  const metadata = at(object, 'metadata');
  const written = (metadata as Metadata | undefined)?.[unread];
  if (!written) return changesParsed(metadata);
  written.changes ??= changesIn(written.json) ?? changesParsed(metadata);
  return written.changes;
}

function changesParsed(metadata: unknown): Changes {
  const entries = listOf(at(metadata, 'managedFields'));
  const all = (key: string) => entries.flatMap((entry) => stringOf(at(entry, key)) ?? []);
  return { managers: all('manager'), times: all('time') };
}

/**
 * How the API server begins an entry (k8s.io/apimachinery/pkg/apis/meta/v1, ManagedFieldsEntry); names of fields in it have a prefix. The keys anywhere
 * else are another's writing: in another order, twice, or deeper.
 */
const ENTRY =
  /[[,]\{"manager":"([^"\\]*)","operation":"[^"]*","apiVersion":"[^"]*","time":"([^"\\]*)"|"(?:manager|time)":/g;

/** How a key may be spelled so that it is not found. */
const ESCAPED_LETTER = '\\u';

/** Undefined if they are not as the API server writes them. */
function changesIn(json: string): Changes | undefined {
  if (json.includes(ESCAPED_LETTER)) return undefined;
  const managers: string[] = [];
  const times: string[] = [];
  for (const [, manager, time] of json.matchAll(ENTRY)) {
    if (manager === undefined) return undefined;
    if (manager !== '') managers.push(manager);
    if (time !== '') times.push(time!);
  }
  return { managers, times };
}
