/** How many of some rules, in their order, have matched one after another within a sliding window: the most there are. */
export class LongestChain {
  readonly #steps: readonly string[];
  #next = 0;
  #oldest = 0;
  /** By length less one, then by the step that is the last: the latest match with which such a chain begins. */
  readonly #beginnings: number[][];

  constructor(steps: readonly string[]) {
    this.#steps = steps;
    this.#beginnings = steps.map(() => steps.map(() => -1));
  }

  get length(): number {
    return this.#beginnings.findLastIndex((byStep) => byStep.some((at) => at >= this.#oldest)) + 1;
  }

  remove(): void {
    this.#oldest++;
  }

  add(rule: string): void {
    const at = this.#next++;
    const step = this.#steps.indexOf(rule);
    if (step < 0) return;
    this.#beginnings[0]![step] = at;
    for (let length = 1; length <= step; length++) {
      // One longer than those that end with an earlier step.
      const shorter = this.#beginnings[length - 1]!.slice(0, step);
      const byStep = this.#beginnings[length]!;
      byStep[step] = Math.max(byStep[step]!, ...shorter);
    }
  }
}
