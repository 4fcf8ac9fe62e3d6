import { GatewatchError } from '../errors.ts';

/**
 * Counts the bytes of bodies that are held at one time, over all listeners, and refuses what would be too many.
 *
 * One sender may hold no more than it leaves free: alone a half, two a third each, and so on. However many bodies a sender begins and
 * never ends, there is room for the next one.
 */
export class InFlight {
  readonly #bytesMax: number;
  readonly #bySender = new Map<string, number>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Begins a request of a sender; it holds nothing yet. */
  open(sender: string): Reservation {
    let held = 0;
    let released = false;
    return {
      add: (bytes) => {
        if (released) return; // its sender has gone: what is still done for it is bounded by the log
        this.#check(bytes, held, sender);
        held += bytes;
        this.#hold(sender, bytes);
      },
      release: () => {
        released = true;
        this.#hold(sender, -held);
        held = 0;
      },
    };
  }

  /** A request that is the only one is never refused, nor a sender's only one as long as there is room. */
  #check(bytes: number, held: number, sender: string): void {
    const free = this.#bytesMax - this.#bytes;
    const bySender = this.#bySender.get(sender) ?? 0;
    const fits = this.#bytes === held || bytes <= free;
    const fair = bySender === held || bySender + bytes <= free - bytes;
    if (fits && fair) return;
    const whose = fits ? `${bySender} of them of this sender, ` : '';
    throw new GatewatchError(
      'OVERLOADED',
      `${this.#bytes} bytes are in flight, ${whose}at most ${this.#bytesMax}.`,
    );
  }

  #hold(sender: string, bytes: number): void {
    this.#bytes += bytes;
    const held = (this.#bySender.get(sender) ?? 0) + bytes;
    if (held === 0) this.#bySender.delete(sender);
    else this.#bySender.set(sender, held);
  }
}

/** The bytes that one request holds. */
export interface Reservation {
  /** @throws OVERLOADED */
  add(bytes: number): void;
  /** Gives all bytes back; calling it again does nothing. */
  release(): void;
}
