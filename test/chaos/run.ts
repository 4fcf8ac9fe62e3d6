/**
 * `npm run chaos -- --minutes N`: the chaos test of the roles on Kafka and Elasticsearch for as long as is wanted, with servers that
 * stay away for up to a minute. `GATEWATCH_TEST_SEED` repeats the faults of an earlier run.
 */
import { parseArgs } from 'node:util';
import { seeded } from './random.ts';
import { runChaos } from './scale-out.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error('--minutes takes a number above 0.');

const start = performance.now();
const say = (line: string): void => {
  console.log(`${((performance.now() - start) / 1000).toFixed(0).padStart(5)} s  ${line}`);
};
const { faults, ...numbers } = await runChaos({ random: seeded(say), minutes, awayMs: 60_000, say });
for (const [name, count] of Object.entries({ ...faults, ...numbers })) {
  console.log(`${name.padEnd(28)} ${count}`);
}
console.log('The alerts are those of an undisturbed replay.');
process.exit();
