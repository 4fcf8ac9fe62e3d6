import { at, listOf } from '../decode/json.ts';

/** What one kind of object exposes. */
export interface Exposed<Way extends string> {
  /** Empty if it exposes nothing. */
  readonly how: readonly Way[];
  /** False for what nothing connects to: a name, or an address that others are led to. */
  readonly connects: boolean;
  /** What its own fields limit clients to. */
  readonly ranges: readonly string[];
  readonly port: readonly number[];
  readonly nodePort: readonly number[];
  /** Names and ports that tell what is behind. */
  readonly names: readonly string[];
  readonly ports: readonly number[];
}

/** Elements looked at of one list; honest objects have some dozens. */
export const ELEMENTS_MAX = 1000;

/** The numbers that the elements of a list hold in a field. */
export function numbersOf(list: unknown, ...path: readonly string[]): readonly number[] {
  return listOf(list)
    .slice(0, ELEMENTS_MAX)
    .flatMap((element) => {
      const number = at(element, ...path);
      return typeof number === 'number' ? [number] : [];
    });
}
