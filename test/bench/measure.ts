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
export function race(
  run: () => void | Promise<void>,
  baseline: () => void | Promise<void>,
  rounds = ROUNDS,
): Promise<{ run: number; baseline: number }> {
  return bestOf({ baseline, run }, rounds, () => undefined);
}

/**
 * Best time of each of some runs, seconds. In each round all of them get the same input, each time another one of them as the first.
 * @param prepare makes the input of a round; it is not timed
 */
export async function bestOf<Name extends string, Input>(
  runs: Readonly<Record<Name, (input: Input) => void | Promise<void>>>,
  rounds: number,
  prepare: (round: number) => Input,
): Promise<Record<Name, number>> {
  const names = Object.keys(runs) as Name[];
  const best = Object.fromEntries(names.map((name) => [name, Number.POSITIVE_INFINITY])) as Record<
    Name,
    number
  >;
  for (let round = 0; round < rounds; round++) {
    const input = prepare(round);
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length]!;
      best[name] = Math.min(best[name], await timed(() => runs[name](input)));
    }
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
