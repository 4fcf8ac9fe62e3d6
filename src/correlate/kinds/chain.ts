import type { Match } from './match.ts';
import { firstPosition } from './search.ts';

/** What the first and the last step must have in common, and in what they must differ. */
export interface Ends {
  /** Fields in at least one of which they must agree; none: no such condition. */
  readonly sameAny: readonly string[];
  /** Fields in at least one of which they must differ; none: no such condition. */
  readonly differAny: readonly string[];
}

/** A match of the first step. */
interface First {
  readonly at: number;
  /** Its values of the fields in which the last must differ. */
  readonly way: string;
  /** The latest before it with other values; -1 if there is none. */
  readonly otherWay: number;
}

/**
 * Whether rules have matched one after another within a sliding window. A group may hold thousands of matches of each: of those of one rule
 * the latest that something leads from is enough, but for the first, which may have to agree with the last.
 */
export class Chain {
  readonly #needs: readonly string[];
  readonly #ends: Ends;
  /** Numbers of matches: of the next to join, and of the oldest that has not left. */
  #next = 0;
  #oldest = 0;
  /** By step, without the first and the last: the latest match of the second step from which the steps up to this one follow. */
  readonly #through: (number | undefined)[] = [];
  /** Matches of the first step, ascending, by what the last must have in common with them. */
  readonly #firsts = new Map<string, First[]>();
  /** The latest match from which all steps follow. */
  #beginning = -1;

  /** @param needs ids of the rules, in their order; with none the chain is always there */
  constructor(needs: readonly string[], ends: Ends) {
    this.#needs = needs;
    this.#ends = ends;
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
    const way = wayOf(match, this.#ends);
    for (const key of comparedIn(match, this.#ends)) {
      const firsts = this.#firsts.get(key);
      const before = firsts?.at(-1);
      const otherWay = before === undefined ? -1 : before.way === way ? before.otherWay : before.at;
      if (firsts) firsts.push({ at, way, otherWay });
      else this.#firsts.set(key, [{ at, way, otherWay }]);
    }
  }

  /** @param second the match before which the first step must have matched; undefined if a step between is missing */
  #end(match: Match, second: number | undefined): void {
    if (second === undefined) return;
    const way = wayOf(match, this.#ends);
    for (const key of comparedIn(match, this.#ends)) {
      const firsts = this.#firsts.get(key) ?? [];
      const latest = firsts[firstPosition(firsts, ({ at }) => at >= second) - 1];
      if (!latest) continue;
      const first = latest.way === way && mustDiffer(this.#ends) ? latest.otherWay : latest.at;
      if (first > this.#beginning) this.#beginning = first;
    }
  }
}

/** @returns the position in a window of the earliest match from which all steps follow; the length if there is none */
export function chainBeginning(needs: readonly string[], ends: Ends, window: readonly Match[]): number {
  const last = needs.length - 1;
  if (last < 0) return 0;
  const through: (number | undefined)[] = [];
  /** The earliest match of the first step, and the earliest of another way than that. */
  const firsts = new Map<string, { at: number; way: string; otherWay: number }>();
  let beginning = window.length;
  for (const [at, match] of window.entries()) {
    const step = needs.indexOf(match.rule);
    if (step < 0) continue;
    if (last === 0) return at;
    if (step === 0) {
      const way = wayOf(match, ends);
      for (const key of comparedIn(match, ends)) {
        const first = firsts.get(key);
        if (!first) firsts.set(key, { at, way, otherWay: window.length });
        else if (first.way !== way && first.otherWay === window.length) first.otherWay = at;
      }
    } else if (step < last) through[step] = step === 1 ? at : through[step - 1];
    else {
      const second = last === 1 ? at : through[last - 1];
      const way = wayOf(match, ends);
      for (const key of comparedIn(match, ends)) {
        const earliest = firsts.get(key);
        if (!earliest || second === undefined) continue;
        const first = earliest.way === way && mustDiffer(ends) ? earliest.otherWay : earliest.at;
        if (first < second) beginning = Math.min(beginning, first);
      }
    }
  }
  return beginning;
}

function comparedIn({ values }: Match, { sameAny }: Ends): string[] {
  if (sameAny.length === 0) return [''];
  return sameAny.flatMap((field) => (values?.[field] ? `${field}\u0000${values[field]}` : []));
}

function wayOf({ values }: Match, { differAny }: Ends): string {
  return differAny.length === 0 ? '' : JSON.stringify(differAny.map((field) => values?.[field] ?? ''));
}

function mustDiffer({ differAny }: Ends): boolean {
  return differAny.length > 0;
}
