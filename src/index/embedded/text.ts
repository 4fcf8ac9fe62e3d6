/** Words of one search; what a person types has a few. */
const WORDS_MAX = 32;
/** A longer word is searched by its beginning. */
const WORD_CHARS_MAX = 128;
const HAS_LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;

/**
 * Turns what a person typed into an FTS5 expression that no input can make invalid: each word becomes a quoted phrase, its
 * end open, and all of them must be found.
 * @returns undefined if the text is blank; an expression that finds nothing if it has no letter or digit.
 */
export function matchExpression(text: string): string | undefined {
  if (text.trim() === '') return undefined;
  const words = text
    // Quotes would end the phrase; FTS5 reads a C string, which NUL would end; a lone surrogate has no UTF-8.
    .replace(/["\p{Cc}\p{Cs}]/gu, ' ')
    .split(/\s+/, WORDS_MAX + 1)
    .map((word) => word.slice(0, WORD_CHARS_MAX).toWellFormed())
    .filter((word) => HAS_LETTER_OR_DIGIT.test(word))
    .slice(0, WORDS_MAX);
  return words.length === 0 ? '""' : words.map((word) => `"${word}"*`).join(' AND ');
}
