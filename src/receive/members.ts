import { GatewatchError } from '../errors.ts';
import { type JsonScanner, NotJson } from './scan.ts';

const QUOTE = 0x22;

/** The top-level members of a JSON object, none of them decoded. Of repeated ones the last counts. */
export class JsonMembers {
  readonly #bytes: Buffer;
  readonly #ranges = new Map<string, readonly [start: number, end: number]>();
  /** False if the bytes are no object, or one that is cut off, or more than one, as far as the scan can tell. */
  readonly whole: boolean;

  /** @param start of the object */
  constructor(bytes: Buffer, start: number, scanner: JsonScanner) {
    this.#bytes = bytes;
    this.whole = this.#read(start, scanner);
  }

  #read(start: number, scanner: JsonScanner): boolean {
    try {
      const end = scanner.members(start, ({ keyStart, keyEnd, start: from, end: to }) => {
        this.#ranges.set(this.#bytes.toString('latin1', keyStart, keyEnd), [from, to]);
      });
      return scanner.skipSpace(end) === this.#bytes.length;
    } catch (error) {
      if (error instanceof NotJson) return false;
      throw error;
    }
  }

  has(name: string): boolean {
    return this.#ranges.has(name);
  }

  bytes(name: string): Buffer | undefined {
    const range = this.#ranges.get(name);
    return range && this.#bytes.subarray(...range);
  }

  /**
   * The text of a member that is one.
   * @throws ITEM_NOT_JSON
   */
  text(name: string): string | undefined {
    const bytes = this.bytes(name);
    if (bytes?.[0] !== QUOTE) return undefined;
    try {
      return JSON.parse(bytes.toString());
    } catch (cause) {
      throw new GatewatchError('ITEM_NOT_JSON', `Not JSON: the text of "${name}".`, { cause });
    }
  }
}
