import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const root = join(import.meta.dirname, '../..');
const SHARED = join(root, '../shared/recordings/benign.ndjson.gz');
const OWN = join(root, 'src/cli/demo/recording.ndjson.gz');

/** Lines of the quiet recording where it is there, else of the bundled one, and which. */
export function recordedLines(): { lines: string[]; source: string } {
  const shared = existsSync(SHARED);
  const text = gunzipSync(readFileSync(shared ? SHARED : OWN)).toString();
  return {
    lines: text.split('\n').filter((line) => line !== ''),
    source: shared ? 'quiet recording' : 'bundled recording',
  };
}
