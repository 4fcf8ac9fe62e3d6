/** @returns the position of the first element for which the test holds, or the length; it must hold for all after it too. */
export function firstPosition<Element>(
  elements: readonly Element[],
  holds: (element: Element) => boolean,
): number {
  let [low, high] = [0, elements.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(elements[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
