/** Longest pattern that is looked into: names have 253 characters, images some more. */
const PATTERN_CHARS_MAX = 512;

/** Whether a pattern with `*` (any text) and `?` (any character) matches every text that another one does. */
export function patternCovers(whole: string, part: string): boolean {
  if (whole === part) return true;
  if (whole.length > PATTERN_CHARS_MAX || part.length > PATTERN_CHARS_MAX) return false;
  return matches(normal(whole), normal(part));
}

/** `*?` and `?*` are the same: the characters that must be there come first. */
function normal(pattern: string): string {
  return pattern.replaceAll(/[*?]*\*[*?]*/g, (run) => `${run.replaceAll('*', '')}*`);
}

/** Where the pattern's `*` could begin again, the last one is enough to go back to. A `*` of the text is only taken by one of the pattern. */
function matches(pattern: string, text: string): boolean {
  let [at, from] = [0, 0];
  let [star, retry] = [-1, 0];
  while (from < text.length) {
    if (pattern[at] === '*') {
      star = at++;
      retry = from;
    } else if (at < pattern.length && takes(pattern[at]!, text[from]!)) {
      at++;
      from++;
    } else if (star >= 0) {
      at = star + 1;
      from = ++retry;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

function takes(pattern: string, character: string): boolean {
  return pattern === character || (pattern === '?' && character !== '*');
}
