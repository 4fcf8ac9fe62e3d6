import type { estypes } from '@elastic/elasticsearch';
import type { Alert } from '../../record/alert.ts';
import { searchable } from '../searchable.ts';

/** The field that holds the words of an alert. */
const WORDS_FIELD = 'gatewatch.words';

/** Words of one search; what a person types has a few. */
const WORDS_MAX = 32;
/** A longer word is indexed, and searched, by its beginning. */
const WORD_CHARS_MAX = 128;

/** Beginnings of words, up to this many characters, are terms of the index: looking one up costs no more than a word. */
export const INDEXED_PREFIX_CHARS_MAX = 19;

/** Different words tried for the end of a phrase that is longer than an indexed beginning. */
const EXPANSIONS_MAX = 1000;

/** Everything between words. */
const BETWEEN = /[^\p{L}\p{N}\p{Co}]+/u;

/**
 * What can be found of an alert, as words between spaces: first those of the sentence, then those of the names. They are made here, and not by
 * an analyzer of Elasticsearch, so that both stores find the same: its standard one keeps `pod.kube-system.svc` or `a_b` as one word
 * that is found by its beginning alone.
 */
export function wordsOf(alert: Alert): string[] {
  const { message, names } = searchable(alert);
  return [message, names].map((text) => split(text).join(' '));
}

/**
 * The query for what a person typed; no input is syntax. Each piece between spaces is a phrase, its end open, and all of them must be found.
 * @returns undefined if the text is blank; a query that finds nothing if it has no letter or digit
 */
export function wordsQuery(text: string): estypes.QueryDslQueryContainer | undefined {
  if (text.trim() === '') return undefined;
  const phrases = text
    .split(/\s+/, WORDS_MAX + 1)
    .map((piece) => split(piece.slice(0, WORD_CHARS_MAX)))
    .filter((words) => words.length > 0)
    .slice(0, WORDS_MAX);
  return phrases.length === 0 ? { match_none: {} } : { bool: { filter: phrases.map(phraseQuery) } };
}

function phraseQuery(words: readonly string[]): estypes.QueryDslQueryContainer {
  if (words.length === 1) return { prefix: { [WORDS_FIELD]: words[0]! } };
  const query = words.join(' ');
  return { match_phrase_prefix: { [WORDS_FIELD]: { query, max_expansions: EXPANSIONS_MAX } } };
}

/** Words in lower case and without accents, as the embedded store has them. */
function split(text: string): string[] {
  return text
    .normalize('NFD')
    .replaceAll(/\p{Mn}/gu, '')
    .toLowerCase()
    .split(BETWEEN)
    .filter((word) => word !== '')
    .map((word) => word.slice(0, WORD_CHARS_MAX).toWellFormed());
}
