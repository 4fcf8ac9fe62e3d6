import { at, isObject, listOf, parseJson, stringOf } from './json.ts';

/** Who changed an object, and when, as its `metadata.managedFields` says (k8s.io/apimachinery/pkg/apis/meta/v1, ManagedFieldsEntry). */
const KEY = ',"managedFields":';

/** An array ends so that ends the metadata, too, and that is where the API server writes it. What begins a key is in no string. */
const END = ']},"';

/** The text of managed fields that nobody has asked for yet. */
const unread = Symbol('unread');

interface Metadata {
  [unread]?: string;
}

const READING: PropertyDescriptor & ThisType<Metadata> = {
  enumerable: true,
  configurable: true,
  get() {
    return read(this);
  },
};

function read(metadata: Metadata): unknown {
  const value = parseJson(metadata[unread]!);
  Object.defineProperty(metadata, 'managedFields', { value, enumerable: true, configurable: true });
  delete metadata[unread];
  return value;
}

/**
 * Parses an object of Kubernetes as `parseJson` does. Its `metadata.managedFields`, half of what the API server answers, are parsed when they are asked for.
 * @throws ITEM_NOT_JSON
 */
export function parseObject(text: string): unknown {
  const start = text.indexOf(KEY) + KEY.length;
  const end = start < KEY.length || text[start] !== '[' ? -1 : text.indexOf(END, start);
  return (end < 0 ? undefined : withoutManagers(text, start, end + 1)) ?? parseJson(text);
}

/** Undefined if a part of the text is not what it seems to be: then the rest is no JSON, or a number stands elsewhere. */
function withoutManagers(text: string, start: number, end: number): unknown {
  try {
    const object = JSON.parse(`${text.slice(0, start)}0${text.slice(end)}`);
    if (object.metadata.managedFields !== 0) return undefined;
    object.metadata[unread] = text.slice(start, end);
    Object.defineProperty(object.metadata, 'managedFields', READING);
    return object;
  } catch {
    return undefined;
  }
}

/** The managers of an object that `parseObject` has read, and the times of their changes, as written. */
export function managersOf(object: unknown): { readonly names: string[]; readonly times: string[] } {
  const metadata = at(object, 'metadata');
  const text = isObject(metadata) ? (metadata as Metadata)[unread] : undefined;
  if (text !== undefined) return { names: textsIn(text, NAME), times: textsIn(text, TIME) };
  const entries = listOf(at(metadata, 'managedFields'));
  const all = (key: string) => entries.flatMap((entry) => stringOf(at(entry, key)) ?? []);
  return { names: all('manager'), times: all('time') };
}

const NAME = '"manager":"';
const TIME = '"time":"';

function textsIn(text: string, key: string): string[] {
  const texts: string[] = [];
  for (let found = text.indexOf(key); found >= 0; found = text.indexOf(key, found)) {
    found += key.length;
    const value = text.slice(found, text.indexOf('"', found));
    texts.push(value);
  }
  return texts;
}
