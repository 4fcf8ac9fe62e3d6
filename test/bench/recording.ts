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

/** The same with the attacks of the bundled recording at its end. */
export function attackedLines(): { lines: string[]; source: string } {
  const { lines, source } = recordedLines();
  return { lines: [...lines, ...linesOf(OWN)], source: `${source} and attacks` };
}
