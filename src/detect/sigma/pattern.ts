/** `?`: one character. */
export const ANY_ONE: unique symbol = Symbol('?');
/** `*`: any number of characters. */
export const ANY_MANY: unique symbol = Symbol('*');

export type Part = string | typeof ANY_ONE | typeof ANY_MANY;

/** A string value of a rule: literal text and wildcards in turn, without empty texts or neighbours of one kind that say no more than one would. */
export type Pattern = readonly Part[];

/** Joins neighbouring texts and neighbouring `*`. */
export function pattern(parts: readonly Part[]): Pattern {
  const joined: Part[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (part === '' || (part === ANY_MANY && last === ANY_MANY)) continue;
    if (typeof part === 'string' && typeof last === 'string') joined[joined.length - 1] = last + part;
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
  return (text) => matchesParts(parts, text);
}

/**
 * Walks text and pattern side by side; on a mismatch the last `*` takes one character more. Only the last one has to,
 * so the work is at most the product of both lengths, never exponential.
 */
function matchesParts(parts: Pattern, text: string): boolean {
  let part = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    const wanted = parts[part];
    if (wanted === ANY_MANY) {
      star = part++;
      starAt = at;
      continue;
    }
    const width = widthOf(wanted, text, at);
    if (width > 0) {
      part++;
      at += width;
    } else if (star >= 0) {
      starAt += characterWidth(text, starAt);
      at = starAt;
      part = star + 1;
    } else return false;
  }
  while (parts[part] === ANY_MANY) part++;
  return part === parts.length;
}

/** Code units that a part takes at a place of the text; 0 if it does not match there. */
function widthOf(part: Exclude<Part, typeof ANY_MANY> | undefined, text: string, at: number): number {
  if (part === undefined) return 0;
  if (part === ANY_ONE) return characterWidth(text, at);
  return text.startsWith(part, at) ? part.length : 0;
}

/** A character outside the basic plane is two code units and still one character. */
function characterWidth(text: string, at: number): number {
  return text.codePointAt(at)! > 0xffff ? 2 : 1;
}
