/**
 * Finds where the values of JSON bytes begin and end, without decoding them.
 *
 * The receiver has to cut a batch into its events and learn each one's namespace; parsing everything would cost
 * several times as much, and most events are never looked into. The scan is exact about strings, escapes and nesting;
 * it does not check what stands inside an event (a decoder does, and what it refuses goes to dead letters).
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** The bytes are not JSON as far as the scan can tell. `at` is the first byte that does not fit. */
export class NotJson extends Error {
  readonly at: number;
  constructor(at: number) {
    super(`byte ${at} does not fit`);
    this.at = at;
  }
}

const SCALAR = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

/** Whether bytes that the scan took for a number, true, false or null are one. */
export function isScalar(bytes: Buffer): boolean {
  return SCALAR.test(bytes.toString('latin1'));
}

/** One member of an object: its key as bytes between the quotes, and its value. Valid until the next `member` call. */
export interface Member {
  keyStart: number;
  keyEnd: number;
  start: number;
  end: number;
}

/** Scans one buffer. `tooDeep` is set when a value skipped since the last `resetDepth` nests deeper than allowed. */
export class JsonScanner {
  readonly #bytes: Buffer;
  readonly #depthMax: number;
  tooDeep = false;

  constructor(bytes: Buffer, depthMax: number) {
    this.#bytes = bytes;
    this.#depthMax = depthMax;
  }

  skipSpace(from: number): number {
    const bytes = this.#bytes;
    let at = from;
    for (;;) {
      const byte = bytes[at];
      if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) at++;
      else return at;
    }
  }

  /** @returns the position after the string that starts (with its quote) at `from`. */
  skipString(from: number): number {
    const bytes = this.#bytes;
    const length = bytes.length;
    for (let at = from + 1; at < length; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) return at + 1;
      if (byte === BACKSLASH) at++;
    }
    throw new NotJson(length);
  }

  /** @returns the position after the value that starts at `from`. Iterative, so that nesting cannot exhaust the stack. */
  skipValue(from: number): number {
    const bytes = this.#bytes;
    const length = bytes.length;
    const first = bytes[from];
    if (first === QUOTE) return this.skipString(from);
    if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return this.#skipScalar(from);
    let depth = 0;
    for (let at = from; at < length; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        // The hot loop of the receiver: kept inline, because a call per string costs a third of the whole scan.
        for (at++; at < length; at++) {
          const inner = bytes[at];
          if (inner === QUOTE) break;
          if (inner === BACKSLASH) at++;
        }
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (++depth > this.#depthMax) this.tooDeep = true;
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        if (--depth === 0) return at + 1;
      }
    }
    throw new NotJson(length);
  }

  #skipScalar(from: number): number {
    const bytes = this.#bytes;
    let at = from;
    for (; at < bytes.length; at++) {
      const byte = bytes[at]!;
      const plain =
        (byte >= 0x30 && byte <= 0x39) || // digits
        (byte >= 0x61 && byte <= 0x7a) || // true, false, null, e
        byte === 0x2d ||
        byte === 0x2b ||
        byte === 0x2e ||
        byte === 0x45;
      if (!plain) break;
    }
    if (at === from) throw new NotJson(from);
    return at;
  }

  /**
   * Calls `visit` for each member of the object at `from`.
   * @param take may read the value that starts at `member.start` itself; it then returns the position after it
   * @returns the position after the object
   */
  members(
    from: number,
    visit: (member: Member) => void,
    take?: (member: Member) => number | undefined,
  ): number {
    const bytes = this.#bytes;
    if (bytes[from] !== OPEN_BRACE) throw new NotJson(from);
    const member: Member = { keyStart: 0, keyEnd: 0, start: 0, end: 0 };
    let at = this.skipSpace(from + 1);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    for (;;) {
      if (bytes[at] !== QUOTE) throw new NotJson(at);
      member.keyStart = at + 1;
      at = this.skipString(at);
      member.keyEnd = at - 1;
      at = this.skipSpace(at);
      if (bytes[at] !== COLON) throw new NotJson(at);
      member.start = this.skipSpace(at + 1);
      member.end = take?.(member) ?? this.skipValue(member.start);
      visit(member);
      at = this.skipSpace(member.end);
      if (bytes[at] === CLOSE_BRACE) return at + 1;
      if (bytes[at] !== COMMA) throw new NotJson(at);
      at = this.skipSpace(at + 1);
    }
  }

  /** Calls `visit` with the position of each element of the array at `from`; `visit` returns the position after it. */
  elements(from: number, visit: (start: number, index: number) => number): number {
    const bytes = this.#bytes;
    if (bytes[from] !== OPEN_BRACKET) throw new NotJson(from);
    let at = this.skipSpace(from + 1);
    if (bytes[at] === CLOSE_BRACKET) return at + 1;
    for (let index = 0; ; index++) {
      at = this.skipSpace(visit(at, index));
      if (bytes[at] === CLOSE_BRACKET) return at + 1;
      if (bytes[at] !== COMMA) throw new NotJson(at);
      at = this.skipSpace(at + 1);
    }
  }
}
