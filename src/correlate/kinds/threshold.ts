import type { Threshold } from '../../detect/sigma/model.ts';

/** Whether every criterion holds of a number. @param compare sign of the number less the one given */
export function meets(threshold: Threshold, compare: (bound: number) => number): boolean {
  const { gt, gte, lt, lte, eq, neq } = threshold;
  return (
    (gt === undefined || compare(gt) > 0) &&
    (gte === undefined || compare(gte) >= 0) &&
    (lt === undefined || compare(lt) < 0) &&
    (lte === undefined || compare(lte) <= 0) &&
    (eq === undefined || compare(eq) === 0) &&
    (neq === undefined || compare(neq) !== 0)
  );
}

/** Whether every criterion holds of a count. */
export function countMeets(threshold: Threshold, count: number): boolean {
  return meets(threshold, (bound) => count - bound);
}
