import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const root = join(import.meta.dirname, '../..');
const SHARED = join(root, '../shared/recordings/benign.ndjson.gz');
const OWN = join(root, 'src/cli/demo/recording.ndjson.gz');

/** Lines of the quiet recording where it is there, else of the bundled one, and which. */
export function recordedLines(): { lines: string[]; source: string } {
  const shared = existsSync(SHARED);
  return {
    lines: linesOf(shared ? SHARED : OWN),
    source: shared ? 'quiet recording' : 'bundled recording',
  };
}

function linesOf(file: string): string[] {
  return gunzipSync(readFileSync(file))
    .toString()
    .split('\n')
    .filter((line) => line !== '');
}

const DAY_MS = 86_400_000;

/**
 * The lines as such a day would be recorded so many days later: later in all its times, with other audit and object ids and the same clients, so that no
 * event in it has been seen before.
 */
export function daysLater(lines: readonly string[], days: number): string[] {
  const id = (days % 256).toString(16).padStart(2, '0');
  const dates = new Map<string, string>();
  const later = (date: string) => {
    let shown = dates.get(date);
    if (shown === undefined) {
      shown = new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, date.length);
      dates.set(date, shown);
    }
    return shown;
  };
  return lines.map((line) => {
    // The account of who asks stays what it is.
    const caller = line.indexOf('"user":');
    const rest = line.indexOf('"sourceIPs":', caller);
    return (
      line.slice(0, caller).replace(/(?<="auditID":")../, id) +
      line.slice(caller, rest) +
      line
        .slice(rest)
        .replace(/(?<="uid":")../g, id)
        .replace(/\b20\d\d-\d\d-\d\d(?=T)/g, later)
    );
  });
}

/** The same with the attacks of the bundled recording at its end. */
export function attackedLines(): { lines: string[]; source: string } {
  const { lines, source } = recordedLines();
  return { lines: [...lines, ...linesOf(OWN)], source: `${source} and attacks` };
}
