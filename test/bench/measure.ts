/** One rate beside its baseline. */
export interface Measurement {
  readonly value: number;
  readonly unit: string;
  readonly baseline: number;
  readonly baselineName: string;
  readonly note: string;
}

export interface Benchmark {
  readonly name: string;
  run(): Promise<Measurement[]>;
}

const ROUNDS = 20;

/** Best time of each of two runs, taken in turns, seconds. */
export async function race(
  run: () => void | Promise<void>,
  baseline: () => void | Promise<void>,
  rounds = ROUNDS,
): Promise<{ run: number; baseline: number }> {
  const best = { run: Number.POSITIVE_INFINITY, baseline: Number.POSITIVE_INFINITY };
  for (let round = 0; round < rounds; round++) {
    best.baseline = Math.min(best.baseline, await timed(baseline));
    best.run = Math.min(best.run, await timed(run));
  }
  return best;
}

async function timed(run: () => void | Promise<void>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}

/** Rates of the same work done in two times: events and bytes per second. */
export function rates(
  events: number,
  bytes: number,
  seconds: { run: number; baseline: number },
  baselineName: string,
  note: string,
): Measurement[] {
  const of = (amount: number, unit: string): Measurement => ({
    value: Math.round(amount / seconds.run),
    unit,
    baseline: Math.round(amount / seconds.baseline),
    baselineName,
    note,
  });
  return [of(events, 'events/s'), of(bytes / 1e6, 'MB/s')];
}
