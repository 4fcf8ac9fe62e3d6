export type Container = Record<string, unknown> | unknown[];

export function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

/** Levels that are copied; what lies deeper is left out. */
export const DEPTH_MAX = 200;

/** Copies of JSON values, of so many characters in all. */
export class Copies {
  /** Below nothing once they were too many; what was copied last is then not whole. */
  left: number;

  constructor(charsMax = Number.POSITIVE_INFINITY) {
    this.left = charsMax;
  }

  of<Value>(value: Value): Value {
    return this.#copy(value, 0) as Value;
  }

  /** Counts what a value takes as JSON at least. */
  #copy(value: unknown, depth: number): unknown {
    if (!isContainer(value)) {
      this.left -= typeof value === 'string' ? value.length + 2 : 1;
      return value;
    }
    this.left -= 2;
    if (this.left < 0 || depth === DEPTH_MAX) return undefined;
    if (Array.isArray(value)) return value.map((element) => this.#copy(element, depth + 1));
    return Object.fromEntries(
      Object.keys(value).map((key) => {
        this.left -= key.length + 3;
        return [key, this.#copy(value[key], depth + 1)];
      }),
    );
  }
}
