import type { Match } from './match.ts';
import { firstPosition } from './search.ts';

/**
 * Whether rules have matched one after another within a sliding window. A group may hold thousands of matches of each: of those of one rule
 * the latest that something leads from is enough, but for the first, which may have to agree with the last.
 */
export class Chain {
  readonly #needs: readonly string[];
  readonly #sameAny: readonly string[];
  /** Numbers of matches: of the next to join, and of the oldest that has not left. */
  #next = 0;
  #oldest = 0;
  /** By step, without the first and the last: the latest match of the second step from which the steps up to this one follow. */
  readonly #through: (number | undefined)[] = [];
  /** Matches of the first step, ascending, by what the last must have in common with them. */
  readonly #firsts = new Map<string, number[]>();
  /** The latest match from which all steps follow. */
  #beginning = -1;

  /** @param needs ids of the rules, in their order; with none the chain is always there */
  constructor(needs: readonly string[], sameAny: readonly string[]) {
    this.#needs = needs;
    this.#sameAny = sameAny;
  }

  get isThere(): boolean {
    return this.#needs.length === 0 || this.#beginning >= this.#oldest;
  }

  remove(): void {
    this.#oldest++;
  }

  add(match: Match): void {
    const at = this.#next++;
    const step = this.#needs.indexOf(match.rule);
    const last = this.#needs.length - 1;
    if (step < 0) return;
    if (last === 0) this.#beginning = at;
    else if (step === 0) this.#begin(match, at);
    else if (step < last) this.#through[step] = step === 1 ? at : this.#through[step - 1];
    else this.#end(match, last === 1 ? at : this.#through[last - 1]);
  }

  #begin(match: Match, at: number): void {
    for (const key of comparedIn(match, this.#sameAny)) {
      const firsts = this.#firsts.get(key);
      if (firsts) firsts.push(at);
      else this.#firsts.set(key, [at]);
    }
  }

  /** @param second the match before which the first step must have matched; undefined if a step between is missing */
  #end(match: Match, second: number | undefined): void {
    if (second === undefined) return;
    for (const key of comparedIn(match, this.#sameAny)) {
      const firsts = this.#firsts.get(key) ?? [];
      const first = firsts[firstPosition(firsts, (each) => each >= second) - 1];
      if (first !== undefined && first > this.#beginning) this.#beginning = first;
    }
  }
}

/** @returns the position in a window of the earliest match from which all steps follow; the length if there is none */
export function chainBeginning(
  needs: readonly string[],
  sameAny: readonly string[],
  window: readonly Match[],
): number {
  const last = needs.length - 1;
  if (last < 0) return 0;
  const through: (number | undefined)[] = [];
  const firsts = new Map<string, number>();
  let beginning = window.length;
  for (const [at, match] of window.entries()) {
    const step = needs.indexOf(match.rule);
    if (step < 0) continue;
    if (last === 0) return at;
    if (step === 0) {
      for (const key of comparedIn(match, sameAny)) if (!firsts.has(key)) firsts.set(key, at);
    } else if (step < last) through[step] = step === 1 ? at : through[step - 1];
    else {
      const second = last === 1 ? at : through[last - 1];
      for (const key of comparedIn(match, sameAny)) {
        const first = firsts.get(key);
        if (first !== undefined && second !== undefined && first < second)
          beginning = Math.min(beginning, first);
      }
    }
  }
  return beginning;
}

function comparedIn({ values }: Match, fields: readonly string[]): string[] {
  if (fields.length === 0) return [''];
  return fields.flatMap((field) => (values?.[field] ? `${field}\u0000${values[field]}` : []));
}
