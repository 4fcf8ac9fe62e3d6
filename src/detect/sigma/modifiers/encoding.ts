import { mapText, type Pattern, pattern, plainText } from '../pattern.ts';
import { invalid } from '../refusal.ts';
import { hasWildcards, type Modifier, mapTerms } from './modifier.ts';

/** Modifiers appendix, "Encoding": the value as it looks inside encoded data. */

const BYTE_ORDER_MARK = '\u00ff\u00fe';

/** UTF-16 in either byte order, one character a byte. Wildcards stay what they are. */
function utf16(name: string, encode: (parts: Pattern) => Pattern): Modifier {
  return {
    name,
    forKeywords: true,
    apply: (item) =>
      mapTerms(item, name, (term, index) => {
        if (term.bytes) throw invalid(`The modifier "${name}" cannot encode what is encoded already.`, index);
        return { ...term, bytes: true, alternatives: term.alternatives.map(encode) };
      }),
  };
}

const littleEndian = (text: string) => Buffer.from(text, 'utf16le').toString('latin1');
const bigEndian = (text: string) => Buffer.from(text, 'utf16le').swap16().toString('latin1');

const wide = (parts: Pattern) => mapText(parts, littleEndian);

/** First and last characters of the encoding that depend on what stands around the value, by its distance from a multiple of three bytes. */
const UNSTABLE_START = [0, 2, 3] as const;
const UNSTABLE_END = [0, 3, 2] as const;

function base64(bytes: Buffer): Pattern[] {
  return [pattern([bytes.toString('base64')])];
}

/** The part of the encoding that does not depend on its surroundings, for each of the three places a value may begin at. */
function base64Offsets(bytes: Buffer): Pattern[] {
  return UNSTABLE_START.map((start, shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    const end = encoded.length - UNSTABLE_END[((bytes.length + shift) % 3) as 0 | 1 | 2];
    return pattern([encoded.slice(start, end)]);
  });
}

function encoding(name: string, encode: (bytes: Buffer) => Pattern[], bytesMin: number): Modifier {
  return {
    name,
    forKeywords: true,
    apply: (item) =>
      mapTerms(item, name, (term, index) => {
        const alternatives = term.alternatives.flatMap((parts) => {
          const text = plainText(parts);
          if (text === undefined || hasWildcards(parts)) {
            throw invalid(
              `The modifier "${name}" encodes plain text, found wildcards. Escape them with a backslash, and write "contains" after "${name}".`,
              index,
            );
          }
          const bytes = Buffer.from(text, term.bytes ? 'latin1' : 'utf8');
          if (bytes.length < bytesMin) {
            throw invalid(
              `The modifier "${name}" needs at least ${bytesMin} bytes: fewer leave no text to look for.`,
              index,
            );
          }
          return encode(bytes);
        });
        return { ...term, bytes: false, alternatives };
      }),
  };
}

export const ENCODING: readonly Modifier[] = [
  utf16('wide', wide),
  utf16('utf16le', wide),
  utf16('utf16be', (parts) => mapText(parts, bigEndian)),
  utf16('utf16', (parts) => pattern([BYTE_ORDER_MARK, ...wide(parts)])),
  encoding('base64', base64, 1),
  encoding('base64offset', base64Offsets, 2),
];
