import type { ErrorCode } from '../../errors.ts';
import type { Place, RuleDocument } from './document.ts';
import { suggestion } from './suggest.ts';

/** A map as YAML gives it. */
export type YamlMap = Readonly<Record<string, unknown>>;

export function isYamlMap(value: unknown): value is YamlMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What was found, in the words of YAML. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object'
    ? 'a map'
    : typeof value === 'string'
      ? `"${value}"`
      : `the ${typeof value} ${value}`;
}

/** Reads attributes of known types out of one map of a document; what has another type is refused, and read as absent. */
export class AttributeReader {
  readonly #document: RuleDocument;
  readonly #map: YamlMap;
  readonly #place: Place;
  readonly #code: ErrorCode;

  /** @param code of what is refused */
  constructor(document: RuleDocument, map: YamlMap, place: Place = [], code: ErrorCode = 'RULE_INVALID') {
    this.#document = document;
    this.#map = map;
    this.#place = place;
    this.#code = code;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#map, key);
  }

  value(key: string): unknown {
    return this.has(key) ? this.#map[key] : undefined;
  }

  refuse(key: string, expected: string): void {
    this.#document.refuse(this.#code, `"${key}": expected ${expected}, found ${kindOf(this.value(key))}.`, [
      ...this.#place,
      key,
    ]);
  }

  text(key: string, charactersMax: number): string | undefined {
    const value = this.value(key);
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string' && value !== '' && value.length <= charactersMax) return value;
    this.refuse(key, `a text of at most ${charactersMax} characters`);
    return undefined;
  }

  oneOf<Word extends string>(key: string, words: readonly Word[]): Word | undefined {
    const value = this.value(key);
    if (value === undefined || value === null) return undefined;
    const word = words.find((each) => each === value);
    if (word === undefined) {
      const hint = typeof value === 'string' ? suggestion(value, words) : '';
      this.#document.refuse(
        this.#code,
        `"${key}": expected one of ${words.join(', ')}, found ${kindOf(value)}.${hint}`,
        [...this.#place, key],
      );
    }
    return word;
  }

  truth(key: string): boolean | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === 'boolean') return value;
    this.refuse(key, 'true or false');
    return undefined;
  }

  /** A list of texts; one text alone counts as a list of one. */
  texts(key: string): string[] {
    const value = this.value(key);
    if (value === undefined || value === null) return [];
    const list = Array.isArray(value) ? value : [value];
    if (list.every((each) => typeof each === 'string')) return list;
    this.refuse(key, 'a list of texts');
    return [];
  }
}
