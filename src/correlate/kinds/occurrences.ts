/** How often each text stands in a window. */
export class Occurrences {
  readonly #counts = new Map<string, number>();

  /** How many different texts there are. */
  get size(): number {
    return this.#counts.size;
  }

  has(text: string): boolean {
    return this.#counts.has(text);
  }

  add(text: string): void {
    this.#counts.set(text, (this.#counts.get(text) ?? 0) + 1);
  }

  remove(text: string): void {
    const left = this.#counts.get(text)! - 1;
    if (left > 0) this.#counts.set(text, left);
    else this.#counts.delete(text);
  }
}
