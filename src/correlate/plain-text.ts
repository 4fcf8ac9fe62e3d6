import { type EventTime, formatEventTime } from '../record/time.ts';

/** Names listed of one kind: groups, violations, webhooks. */
const LISTED_MAX = 3;

/** Longest name or detail in a sentence, in characters. */
const TEXT_CHARS_MAX = 120;

/** Somebody else's text, on one line, without what a terminal or a bidirectional reader would obey, and not too long. */
export function clean(text: string): string {
  const plain = text
    .slice(0, TEXT_CHARS_MAX + 1)
    .replaceAll(/[\s\p{C}]+/gu, ' ')
    .trim();
  return plain.length > TEXT_CHARS_MAX
    ? `${plain.slice(0, TEXT_CHARS_MAX).toWellFormed()}…`
    : plain.toWellFormed();
}

/** `a, b and c`; of many the first, and how many more. */
export function listed(texts: readonly string[]): string {
  const shown = texts.slice(0, LISTED_MAX);
  const more = texts.length - shown.length;
  if (more > 0) shown.push(`${more} more`);
  return shown.length > 1 ? `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}` : (shown[0] ?? '');
}

/** `2026-11-22 13:37:35Z` */
export function clock(time: EventTime): string {
  return formatEventTime(time).slice(0, 19).replace('T', ' ').concat('Z');
}

/** `at …` or `between … and …`, to the second; the day is said once. */
export function period(first: EventTime, last: EventTime): string {
  const [from, to] = [clock(first), clock(last)];
  if (from === to) return `at ${from}`;
  return `between ${from} and ${from.slice(0, 10) === to.slice(0, 10) ? to.slice(11) : to}`;
}
