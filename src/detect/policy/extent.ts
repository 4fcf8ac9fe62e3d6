import { without } from './canonical.ts';

/**
 * How what is matched now stands to what was matched before: the same, a part of it, more, or neither (something is no longer matched and
 * something else is).
 */
export type Extent = 'equal' | 'narrower' | 'wider' | 'different' | 'unclear';

/** @param lost whether something that was matched no longer is @param gained whether something is that was not */
export function extentOf(lost: boolean, gained: boolean): Extent {
  if (lost) return gained ? 'different' : 'narrower';
  return gained ? 'wider' : 'equal';
}

/** Elements of a list that are compared: lists of which each is combined with the others say very much in few words. */
const ELEMENTS_MAX = 20_000;

/** Pairs of elements that are compared; where lists differ by more it is for a person to judge. */
const PAIRS_MAX = 40_000;

/**
 * Of two lists each of which matches what any of its elements matches.
 * @param covers whether the first element matches everything that the second does
 */
export function unionExtent<Element>(
  before: Iterable<Element>,
  after: Iterable<Element>,
  covers: (whole: Element, part: Element) => boolean,
): Extent {
  const [from, to] = [before, after].map((list) =>
    Iterator.from(list)
      .take(ELEMENTS_MAX + 1)
      .toArray(),
  );
  if (from!.length > ELEMENTS_MAX || to!.length > ELEMENTS_MAX) return 'unclear';
  const gone = without(from!, to!);
  const come = without(to!, from!);
  if (gone.length * to!.length + come.length * from!.length > PAIRS_MAX) return 'unclear';
  return extentOf(
    gone.some((part) => !to!.some((whole) => covers(whole, part))),
    come.some((part) => !from!.some((whole) => covers(whole, part))),
  );
}
