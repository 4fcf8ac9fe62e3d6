import type { Alert } from '../../record/alert.ts';

/** Words of one search; what a person types has a few. */
const WORDS_MAX = 32;
/** A longer word is searched by its beginning. */
const WORD_CHARS_MAX = 128;
/** Text of one alert that can be found; the document itself is kept whole. */
const INDEXED_CHARS_MAX = 16_384;

const HAS_LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;

/** The full text of one alert: its sentence, and every name that an analyst might remember. */
export function searchable(alert: Alert): { message: string; names: string } {
  const { rule, user, orchestrator, gatewatch } = alert;
  const names = [
    rule.name,
    gatewatch.detection_id,
    user?.name,
    orchestrator.cluster.name,
    orchestrator.namespace,
    orchestrator.resource?.type,
    orchestrator.resource?.name,
    ...(gatewatch.admission?.denied_by ?? []).flatMap((denial) => [
      denial.engine,
      denial.policy,
      denial.binding,
      denial.webhook,
    ]),
  ];
  return {
    message: alert.message.slice(0, INDEXED_CHARS_MAX),
    names: names
      .filter((name) => name !== undefined)
      .join(' ')
      .slice(0, INDEXED_CHARS_MAX),
  };
}

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
