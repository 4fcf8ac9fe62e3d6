/** `?`: one character. */
export const ANY_ONE: unique symbol = Symbol('?');
/** `*`: any number of characters. */
export const ANY_MANY: unique symbol = Symbol('*');

export type Part = string | typeof ANY_ONE | typeof ANY_MANY;

/** A string value of a rule: literal text and wildcards in turn, without empty texts or neighbours of one kind that say no more than one would. */
export type Pattern = readonly Part[];

/** Joins neighbouring texts and neighbouring `*`, and puts `?` before a `*` beside it, which means the same: then a text follows every `*`. */
export function pattern(parts: readonly Part[]): Pattern {
  const joined: Part[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (part === '' || (part === ANY_MANY && last === ANY_MANY)) continue;
    if (typeof part === 'string' && typeof last === 'string') joined[joined.length - 1] = last + part;
    else if (part === ANY_ONE && last === ANY_MANY) joined.splice(-1, 0, part);
    else joined.push(part);
  }
  return joined;
}

/**
 * Sigma rules specification, "String Wildcard" and "Escaping": a backslash makes a following wildcard or backslash
 * literal, and is literal itself before anything else.
 */
export function parsePattern(text: string): Pattern {
  const parts: Part[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    const next = text[at + 1];
    if (character === '\\' && (next === '\\' || next === '*' || next === '?')) {
      parts.push(next);
      at++;
    } else if (character === '*') parts.push(ANY_MANY);
    else if (character === '?') parts.push(ANY_ONE);
    else parts.push(character);
  }
  return pattern(parts);
}

/** The text that a pattern without wildcards stands for. */
export function plainText(parts: Pattern): string | undefined {
  if (parts.length === 0) return '';
  const [only] = parts;
  return parts.length === 1 && typeof only === 'string' ? only : undefined;
}

/** True for `*` alone, which any value meets that is there and not null. */
export function isAnything(parts: Pattern): boolean {
  return parts.length === 1 && parts[0] === ANY_MANY;
}

/** The same pattern with its literal texts changed. */
export function mapText(parts: Pattern, change: (text: string) => string): Pattern {
  return pattern(parts.map((part) => (typeof part === 'string' ? change(part) : part)));
}

/** A test of whole texts. Case is the caller's affair: it folds both sides or neither. */
export function compilePattern(parts: Pattern): (text: string) => boolean {
  const plain = plainText(parts);
  if (plain !== undefined) return (text) => text === plain;
  if (isAnything(parts)) return () => true;
  const [first, second, third] = parts;
  if (parts.length === 2) {
    if (typeof first === 'string' && second === ANY_MANY) return (text) => text.startsWith(first);
    if (first === ANY_MANY && typeof second === 'string') return (text) => text.endsWith(second);
  }
  if (parts.length === 3 && first === ANY_MANY && typeof second === 'string' && third === ANY_MANY) {
    return (text) => text.includes(second);
  }
  return matchesChunks(parts);
}

/** What stands between two `*`. */
type Chunk = readonly Exclude<Part, typeof ANY_MANY>[];

/**
 * The chunk before the first `*` is at the beginning, the one behind the last at the end, and each other one is best found as
 * early as possible: there is nothing to go back to.
 */
function matchesChunks(parts: Pattern): (text: string) => boolean {
  const [first = [], ...others] = chunksOf(parts);
  const last = others.pop();
  if (!last) return (text) => endOf(first, text, 0) === text.length;
  return (text) => {
    let at = endOf(first, text, 0);
    for (const chunk of others) {
      if (at < 0) return false;
      at = find(chunk, text, at);
    }
    return at >= 0 && beginOf(last, text) >= at;
  };
}

function chunksOf(parts: Pattern): Chunk[] {
  const chunks: Exclude<Part, typeof ANY_MANY>[][] = [[]];
  for (const part of parts) {
    if (part === ANY_MANY) chunks.push([]);
    else chunks.at(-1)!.push(part);
  }
  return chunks;
}

/** Where a chunk ends that begins at a place of the text; -1 if it does not. */
function endOf(chunk: Chunk, text: string, at: number): number {
  let end = at;
  for (const part of chunk) {
    if (part === ANY_ONE ? end >= text.length : !text.startsWith(part, end)) return -1;
    end += part === ANY_ONE ? widthAt(text, end) : part.length;
  }
  return end;
}

/** Where a chunk begins that ends with the text; -1 if it does not. */
function beginOf(chunk: Chunk, text: string): number {
  let begin = text.length;
  for (const part of chunk.toReversed()) {
    if (part === ANY_ONE ? begin === 0 : !text.endsWith(part, begin)) return -1;
    begin -= part === ANY_ONE ? widthBefore(text, begin) : part.length;
  }
  return begin;
}

/** Where a chunk that begins with a text first ends, from a place of the text on; -1 if nowhere. */
function find(chunk: Chunk, text: string, from: number): number {
  const literal = chunk[0] as string;
  for (let at = text.indexOf(literal, from); at >= 0; at = text.indexOf(literal, at + 1)) {
    const end = endOf(chunk, text, at);
    if (end >= 0) return end;
  }
  return -1;
}

/** A character outside the basic plane is two code units and still one character. */
function widthAt(text: string, at: number): number {
  return text.codePointAt(at)! > 0xffff ? 2 : 1;
}

function widthBefore(text: string, at: number): number {
  return at >= 2 && text.codePointAt(at - 2)! > 0xffff ? 2 : 1;
}
