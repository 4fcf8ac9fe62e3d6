/** Longest text that a page shows; the alert's JSON has all of it. */
const SHOWN_CHARS_MAX = 2000;

/** Characters that cannot be seen or that move others: control, format (bidi, zero width), private use, separators, lone surrogates, blank letters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu;

const SHORT_ESCAPE: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const ENTITY: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that a page must carry as it is (addresses, form values, JSON): escaped, but neither shortened nor made visible. */
export class Exact {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Eta's escape function, so every `<%= %>` of every template passes here: what a cluster's users chose is shortened, its unseen
 * characters are shown, and its markup is text.
 */
export function escapeForPage(value: unknown): string {
  const text = value instanceof Exact ? value.text : visible(clip(String(value ?? '')));
  return text.replace(/[&<>"']/g, (character) => ENTITY[character] ?? '');
}

/** Shortens a text, saying by how much. */
export function clip(text: string, charsMax = SHOWN_CHARS_MAX): string {
  if (text.length <= charsMax) return text;
  // A pair cut in two would show as an escape that is not in the text.
  const end = text.slice(0, charsMax).isWellFormed() ? charsMax : charsMax - 1;
  return `${text.slice(0, end)}… (+${(text.length - end).toLocaleString('en')} characters)`;
}

/** Writes characters that a reader could not see, or that would rearrange what he sees, as JSON would (\n, \u001b, \u202e): every font has those. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => SHORT_ESCAPE[character] ?? numbered(character));
}

function numbered(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

/** A document as JSON to read and to copy: unseen characters are JSON escapes, so it parses to the same document. */
export function visibleJson(document: unknown): Exact {
  const json = JSON.stringify(document, null, 2).replace(UNSEEN, (character) =>
    character === '\n' ? character : numbered(character),
  );
  return new Exact(json);
}

/** `2026-11-22 13:37:35` in UTC; what is no time is shown as it is. */
export function shownTime(time: string | undefined): string {
  if (time === undefined) return '';
  const milliseconds = Date.parse(time);
  return Number.isNaN(milliseconds)
    ? time
    : new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ');
}

/** As `shownTime`, with every decimal that was recorded: the order of two requests may hang on them. */
export function shownExactTime(time: string | undefined): string {
  const fraction = /\.\d+/.exec(time ?? '')?.[0] ?? '';
  return shownTime(time) + (Number.isNaN(Date.parse(time ?? '')) ? '' : fraction);
}
