/** Random numbers that a seed repeats (mulberry32). */
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed;
  }

  /** At least 0, less than 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from `from` up to, but not including, `to`. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from));
  }

  shuffled<Value>(values: readonly Value[]): Value[] {
    const result = [...values];
    for (let index = result.length - 1; index > 0; index--) {
      const other = this.between(0, index + 1);
      [result[index], result[other]] = [result[other]!, result[index]!];
    }
    return result;
  }
}

/** `GATEWATCH_TEST_SEED` repeats an earlier run. */
export function seeded(say: (line: string) => void): Random {
  const seed = Number(process.env.GATEWATCH_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
  say(`GATEWATCH_TEST_SEED=${seed} repeats this run`);
  return new Random(seed);
}
