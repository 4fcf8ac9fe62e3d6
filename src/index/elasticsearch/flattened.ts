/**
 * What a `flattened` field takes. Elasticsearch refuses the whole document where a key holds NUL, where objects are nested deeper than 20
 * levels, and where path and value together are longer than the 32,766 bytes of a term; a character has at most 3 of them per unit of length.
 */
const DEPTH_MAX = 20;
const PATH_CHARS_MAX = 8000;

/** Longest value that is indexed; a longer one is kept, but not found. */
export const FLATTENED_VALUE_CHARS_MAX = 2048;

/** Most values of one field: each becomes terms of its own. */
const VALUES_MAX = 20_000;

/** A value that a `flattened` field takes, and whether it says all that the original said. */
export interface Flattened {
  readonly value: unknown;
  readonly whole: boolean;
}

/** Makes a JSON value, of which anything may have been chosen by an attacker, fit for a `flattened` field. */
export function flattened(value: unknown): Flattened {
  const flattener = new Flattener();
  return { value: flattener.fit(value, 0, 0), whole: flattener.whole };
}

class Flattener {
  whole = true;
  #values = 0;

  fit(value: unknown, depth: number, pathChars: number): unknown {
    if (typeof value !== 'object' || value === null) {
      this.#values++;
      return value;
    }
    if (depth === DEPTH_MAX) return this.#cut(JSON.stringify(value));
    if (Array.isArray(value)) return this.#some(value).map((item) => this.fit(item, depth + 1, pathChars));
    const entries = this.#some(Object.entries(value)).map(([key, inner]) => {
      const name = this.#key(key, PATH_CHARS_MAX - pathChars);
      return [name, this.fit(inner, depth + 1, pathChars + name.length + 1)];
    });
    // Unlike assignment this makes `__proto__` a key like any other.
    return Object.fromEntries(entries);
  }

  #key(key: string, charsMax: number): string {
    const name = key.replaceAll('\0', '\ufffd').slice(0, Math.max(charsMax, 1));
    return name === key ? key : this.#cut(name);
  }

  #some<Item>(items: readonly Item[]): readonly Item[] {
    const room = Math.max(VALUES_MAX - this.#values, 0);
    return items.length <= room ? items : this.#cut(items.slice(0, room));
  }

  #cut<Rest>(rest: Rest): Rest {
    this.whole = false;
    return rest;
  }
}
