import { writeSync } from 'node:fs';
import { EmbeddedLog } from '../../../src/log/embedded/log.ts';

// The child of `kill.test.ts`: appends without end, from several callers, and prints each append that was acknowledged.

const [path, run] = process.argv.slice(2);
const CALLERS = 8;
const STDOUT = 1;
const log = new EmbeddedLog(path!);

for (let caller = 0; caller < CALLERS; caller++) {
  const key = `${run}/${caller}`;
  void (async () => {
    for (let round = 0; ; round++) {
      const size = 100 + ((round * 7_919) % 40_000);
      const value = Buffer.alloc(size, `${round} `);
      await log.append('records', [
        { key, value, headers: { round: `${round}`, part: 'first' } },
        { key, value, headers: { round: `${round}`, part: 'second' } },
      ]);
      writeSync(STDOUT, `${key} ${round}\n`);
    }
  })();
}
