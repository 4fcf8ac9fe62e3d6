import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Longer events are hardly different, and take long. */
const CHARS_MAX = 12_000;

/** Events of each kind. */
const KIND_MAX = 3;

const folder = join(import.meta.dirname, '../fixtures/recordings');

/** Lines of the recordings of a real kube-apiserver, a few of each kind: what was asked of which resource, in which stage, with what success. */
export function recordedKinds(): readonly string[] {
  const kinds = Map.groupBy(lines(), (line) => {
    const { stage, verb, objectRef, responseStatus, level } = JSON.parse(line);
    const { resource, subresource } = objectRef ?? {};
    return JSON.stringify([stage, verb, resource, subresource, responseStatus?.code, level]);
  });
  return [...kinds.values()].flatMap((alike) => alike.slice(0, KIND_MAX));
}

function* lines(): Iterable<string> {
  for (const name of globSync('*.ndjson{,.gz}', { cwd: folder }).sort()) {
    const bytes = readFileSync(join(folder, name));
    const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
    for (const line of text.split('\n')) if (line !== '' && line.length <= CHARS_MAX) yield line;
  }
}
