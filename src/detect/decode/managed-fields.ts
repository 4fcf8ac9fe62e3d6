import { parseUntrusted } from '../../record/untrusted-json.ts';
import { at, listOf, parseJson, stringOf } from './json.ts';

/** Where an object says who changed it, and when (k8s.io/apimachinery/pkg/apis/meta/v1, ObjectMeta). There is no other list in it. */
const BEGINNING = ',"managedFields":[';
const END = ']';

/** What stands in their place until then: a number that nobody else writes there. */
const STAND_IN = 0.637_181_526_304;

/** Under it metadata hold the JSON of their managed fields. */
const unread = Symbol('managedFields');

interface Metadata {
  readonly [unread]?: string;
}

const READING: PropertyDescriptor & ThisType<Metadata> = {
  enumerable: true,
  configurable: true,
  get() {
    const value = parseJson(this[unread]!);
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
    Object.defineProperty(metadata, unread, { value: text.slice(start, end) });
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

/** The changes of an object as the API server tells them. They are not parsed for it: names in them have a prefix, these keys have none. */
export function changesOf(object: unknown): Changes {
  const metadata = at(object, 'metadata');
  const text = (metadata as Metadata | undefined)?.[unread];
  const managers = text && textsIn(text, '"manager":"');
  const times = text && textsIn(text, '"time":"');
  if (managers && times) return { managers, times };
  const entries = listOf(at(metadata, 'managedFields'));
  const all = (key: string) => entries.flatMap((entry) => stringOf(at(entry, key)) ?? []);
  return { managers: all('manager'), times: all('time') };
}

/** Values of a key in JSON but for empty ones; undefined if something is escaped in one. */
function textsIn(json: string, key: string): string[] | undefined {
  const texts: string[] = [];
  for (let found = json.indexOf(key); found >= 0; found = json.indexOf(key, found)) {
    found += key.length;
    const text = json.slice(found, json.indexOf('"', found));
    if (text.includes('\\')) return undefined;
    if (text !== '') texts.push(text);
  }
  return texts;
}
