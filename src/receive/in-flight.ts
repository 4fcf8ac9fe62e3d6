import { GatewatchError } from '../errors.ts';

/** Counts the bytes of bodies that are held at one time, over all listeners, and refuses what would be too many. */
export class InFlight {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * @returns releases the bytes; calling it again does nothing
   * @throws OVERLOADED
   */
  reserve(bytes: number): () => void {
    if (this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax) {
      throw new GatewatchError(
        'OVERLOADED',
        `${this.#bytes} bytes are in flight, at most ${this.#bytesMax}.`,
      );
    }
    this.#bytes += bytes;
    let held = bytes;
    return () => {
      this.#bytes -= held;
      held = 0;
    };
  }
}
