import { closest, distance } from 'fastest-levenshtein';

/** Share of a word's letters that may differ for another word to be what was meant. */
const TYPO_SHARE_MAX = 0.4;

/** The candidate that was probably meant by a word that is none of them. */
export function near(word: string, candidates: Iterable<string>): string | undefined {
  const names = [...candidates];
  if (names.length === 0) return undefined;
  const best = closest(word, names);
  const typos = distance(word, best);
  return typos < word.length && typos <= Math.max(1, Math.round(word.length * TYPO_SHARE_MAX))
    ? best
    : undefined;
}

/** ` Did you mean "x"?`, or nothing. */
export function suggestion(word: string, candidates: Iterable<string>): string {
  const best = near(word, candidates);
  return best === undefined ? '' : ` Did you mean "${best}"?`;
}
