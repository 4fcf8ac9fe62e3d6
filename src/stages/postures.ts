import type { PostureChange } from '../detect/detector.ts';
import type { PostureEntry } from '../detect/namespace/posture.ts';
import type { LogEntry } from '../log/port.ts';

/** Stands between the key of the records and the entry's own part. */
const SEPARATOR = '\u0000';

/**
 * A change as an entry of the topic `namespaces`. Each entry of a posture has a key of its own, in the partition of the namespace's
 * records: so a process that has lost the partition and does not know it yet can add what others have added too, and overwrite nothing.
 */
export function changeToEntry({ key, entry, kept }: PostureChange): LogEntry {
  const value = kept ? Buffer.from(JSON.stringify(entry)) : Buffer.alloc(0);
  return { key: `${key}${SEPARATOR}${entry.request}`, value, headers: {} };
}

/** The entries of each namespace, by the key of its records. */
export function posturesFrom(entries: readonly LogEntry[]): Map<string, PostureEntry[]> {
  const postures = new Map<string, PostureEntry[]>();
  for (const { key, value } of entries) {
    const end = key.lastIndexOf(SEPARATOR);
    if (end === -1) continue; // not ours
    const namespace = key.slice(0, end);
    const known = postures.get(namespace);
    const entry = JSON.parse(value.toString()) as PostureEntry;
    if (known) known.push(entry);
    else postures.set(namespace, [entry]);
  }
  return postures;
}
