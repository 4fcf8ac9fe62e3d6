import { type BaselineChange, type BaselineEntry, entryKey } from '../correlate/baseline/entry.ts';
import type { LogEntry } from '../log/port.ts';

/** Stands between the parts of a key; the first is the key of the signals, so that both are in one partition. */
const SEPARATOR = '\u0000';

/** A change as an entry of the topic `baselines`. */
export function changeToEntry({ entry, kept }: BaselineChange): LogEntry {
  const key = entryKey(entry).join(SEPARATOR);
  return {
    key,
    value: kept ? Buffer.from(JSON.stringify(untoldByKey(entry))) : Buffer.alloc(0),
    headers: {},
  };
}

function untoldByKey(entry: BaselineEntry): object {
  const { cluster } = entry;
  return 'run' in entry ? { cluster, timespan: entry.timespan } : { cluster };
}

/** The entry that `changeToEntry` wrote. */
export function baselineFrom({ key, value }: LogEntry): BaselineEntry {
  const [signals, shape, ...parts] = key.split(SEPARATOR) as [string, string, ...string[]];
  const { cluster, timespan } = JSON.parse(value.toString());
  const of = { signals, shape, cluster };
  if (timespan === undefined) return { ...of, begun: Number(parts[0]) };
  const [group, shown, first, last] = parts as [string, string, string, string];
  return { ...of, group, value: shown, timespan, run: { first: Number(first), last: Number(last) } };
}
