/**
 * `npm run bench [-- --json] [NAME…]`: measures rates beside a baseline of the same run, as ratios. Each is the best of several rounds, taken
 * in turns with its baseline, so that a noisy machine disturbs both alike.
 */
import { parseArgs } from 'node:util';
import { correlate } from './correlate.ts';
import { detect, detectRules } from './detect.ts';
import type { Benchmark } from './measure.ts';
import { receiveEmbedded } from './receive.ts';
import { endToEnd, receiveKafka } from './scale-out.ts';

const BENCHMARKS: readonly Benchmark[] = [
  detect,
  detectRules,
  correlate,
  receiveEmbedded,
  receiveKafka,
  endToEnd,
];

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
if (unknown.length > 0) {
  console.error(
    `No benchmark ${unknown.join(', ')}; there are: ${BENCHMARKS.map(({ name }) => name).join(', ')}.`,
  );
  process.exit(2);
}
for (const { name, run } of BENCHMARKS) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  for (const { value, unit, baseline, baselineName, note } of await run()) {
    const ratio = Number((value / baseline).toFixed(3));
    if (values.json) console.log(JSON.stringify({ name, value, unit, baseline, ratio }));
    else
      console.log(`${name}: ${value} ${unit}, ${baselineName} ${baseline} ${unit}: ratio ${ratio} (${note})`);
  }
}
