import type { MemoryChange } from '../detect/memory/memory.ts';
import type { LogEntry } from '../log/port.ts';

/** Stands between the key of the records, the object's path and the request. */
const SEPARATOR = '\u0000';

/**
 * A change as an entry of the topic `namespaces`. Each thing that was seen has a key of its own, in the partition of the namespace's
 * records: so a process that has lost the partition and does not know it yet can add what others have added too, and overwrite nothing.
 */
export function changeToEntry({ key, object, entry, kept }: MemoryChange): LogEntry {
  const value = kept ? Buffer.from(JSON.stringify(entry)) : Buffer.alloc(0);
  const parts = object === undefined ? [key, entry.request] : [key, object, entry.request];
  return { key: parts.join(SEPARATOR), value, headers: {} };
}

/** The change that `changeToEntry` wrote; undefined for an entry that something else wrote. */
export function changeFromEntry({ key, value }: LogEntry): MemoryChange | undefined {
  const [records = '', ...rest] = key.split(SEPARATOR);
  if (rest.length < 1 || rest.length > 2) return undefined;
  const object = rest.length === 2 ? { object: rest[0]! } : {};
  const entry = JSON.parse(value.toString());
  return isEntry(entry) ? { key: records, ...object, entry, kept: true } : undefined;
}

/** Former versions of Gatewatch wrote bodies in another form: what they knew is learnt anew. */
function isEntry(entry: MemoryChange['entry']): boolean {
  return !('body' in entry) || typeof entry.body === 'string';
}
