import type { Found } from './found.ts';

/** A comment: at the beginning of a line, or behind a value and a space. */
const COMMENT = /(?:^|\s)[#;].*$/;

/** How the file of exit addresses that the Tor project publishes begins. */
const TOR_EXIT_NODE = /^ExitNode [0-9A-F]{40}$/;
const TOR_EXIT_ADDRESS = /^ExitAddress (\S+)/;

/**
 * One value a line, as in netsets (FireHOL), Spamhaus DROP and Tor's bulk exit list; comments begin with `#` or `;`.
 * Tor's `exit-addresses` is told by its first line.
 */
export function* readLines(lines: readonly string[]): Generator<Found> {
  let isTor: boolean | undefined;
  for (const [index, text] of lines.entries()) {
    const value = text.replace(COMMENT, '').trim();
    if (value === '') continue;
    isTor ??= TOR_EXIT_NODE.test(value);
    if (!isTor) yield { value, line: index + 1 };
    else {
      const address = TOR_EXIT_ADDRESS.exec(value)?.[1];
      if (address !== undefined) yield { value: address, line: index + 1 };
    }
  }
}
