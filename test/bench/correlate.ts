import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Benchmark, Measurement } from './measure.ts';

const GROUPS = [10, 10_000, 1_000_000];

/** Enough for a million groups; the measurement itself says how much they take. */
const HEAP_MB = 14_000;

/** A rate beside that of JSON.parse of the same signals, a second. */
interface Rate {
  readonly signals: number;
  readonly parsed: number;
}

/** What a process that held groups open has measured. */
export interface Measured {
  readonly groups: number;
  /** Of signals that open the groups, as a restart takes them in again. */
  readonly restored: Rate;
  /** Of further signals, of groups that are open. */
  readonly further: Rate;
  /** Bytes of memory, and of the signals as they stand in the log. */
  readonly heapBytes: number;
  readonly logBytes: number;
}

/** The correlate stage with 10, 10,000 and 1,000,000 open groups: its rate, its memory, and how long a restart takes. */
export const correlate: Benchmark = {
  name: 'correlate',
  async run() {
    const all: Measurement[] = [];
    for (const wanted of GROUPS) {
      const { groups, restored, further, heapBytes, logBytes } = await measuredWith(wanted);
      const note = `${groups} open groups`;
      const seconds = (wanted / restored.signals).toFixed(2);
      const rate = ({ signals, parsed }: Rate, what: string): Measurement => ({
        value: signals,
        unit: 'signals/s',
        baseline: parsed,
        baselineName: 'JSON.parse',
        note: what,
      });
      all.push(rate(further, note), rate(restored, `${note}, restored in ${seconds} s`));
      // Of a few it cannot be told from what else is in memory.
      if (groups < 1000) continue;
      all.push({
        value: Math.round(heapBytes / groups),
        unit: 'bytes/group',
        baseline: Math.round(logBytes / groups),
        baselineName: 'its signals in the log',
        note: `${note}, ${Math.round(heapBytes / 1e6)} MB`,
      });
    }
    return all;
  },
};

/** In a process of its own: memory of one is not that of another. */
async function measuredWith(groups: number): Promise<Measured> {
  const script = join(import.meta.dirname, 'correlate-groups.ts');
  const options = ['--expose-gc', `--max-old-space-size=${HEAP_MB}`, script, String(groups)];
  const { stdout } = await promisify(execFile)(process.execPath, options);
  return JSON.parse(stdout);
}
