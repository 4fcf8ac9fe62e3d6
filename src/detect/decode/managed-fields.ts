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

/** The changes of an object as the API server tells them. They are not parsed for it: names in them have a prefix, these keys have none. */
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

const MANAGERS = /"manager":"([^"]*)"/g;
const TIMES = /"time":"([^"]*)"/g;

/** Undefined if something is escaped in what they say. */
function changesIn(json: string): Changes | undefined {
  const managers = textsIn(json, MANAGERS);
  const times = textsIn(json, TIMES);
  return managers && times && { managers, times };
}

function textsIn(json: string, pattern: RegExp): string[] | undefined {
  const texts: string[] = [];
  pattern.lastIndex = 0;
  for (let found = pattern.exec(json); found; found = pattern.exec(json)) {
    const text = found[1]!;
    if (text.includes('\\')) return undefined;
    if (text !== '') texts.push(text);
  }
  return texts;
}
