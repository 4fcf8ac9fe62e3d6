import type { Place, RuleDocument } from './document.ts';
import type { Threshold } from './model.ts';
import { kindOf, type YamlMap } from './reader.ts';
import { suggestion } from './suggest.ts';

const OPERATORS = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const;

/** What else some conditions have. */
const OTHERS = ['field', 'percentile'];

const PLACE: Place = ['correlation', 'condition'];

/**
 * Reads the operators of a condition, several of which make a range (Sigma correlation rules specification, "Condition"). Undefined if one was
 * refused.
 * @param of a count is a whole number from 1 on, because a window holds at least one match
 * @param max of a count: how much there can be
 */
export function readThreshold(
  document: RuleDocument,
  map: YamlMap,
  of: 'count' | 'number',
  max = Number.POSITIVE_INFINITY,
): Threshold | undefined {
  const threshold: { -readonly [Operator in keyof Threshold]: number } = {};
  let sound = true;
  for (const [key, bound] of Object.entries(map)) {
    const place = [...PLACE, key];
    const operator = OPERATORS.find((each) => each === key);
    if (!operator) {
      document.refuse(
        'RULE_INVALID',
        `"${key}" is not one of ${OPERATORS.join(', ')}.${suggestion(key, [...OPERATORS, ...OTHERS])}`,
        place,
      );
      sound = false;
    } else if (!isBound(bound, of)) {
      const expected = of === 'count' ? 'a whole number' : 'a number';
      document.refuse('RULE_INVALID', `"${key}": expected ${expected}, found ${kindOf(bound)}.`, place);
      sound = false;
    } else threshold[operator] = bound;
  }
  if (!sound) return undefined;
  if (Object.keys(threshold).length === 0) {
    document.refuse('RULE_INVALID', `Expected a ${of} such as "gte: 10", found none.`, PLACE);
    return undefined;
  }
  if (isPossible(threshold, of, max)) return threshold;
  const why =
    of === 'number'
      ? 'its lower bound is above its upper one'
      : `there is at least one match where it is looked at${max < Number.POSITIVE_INFINITY ? `, and of at most ${max} rules` : ''}`;
  document.refuse('RULE_INVALID', `No ${of} meets the condition: ${why}.`, PLACE);
  return undefined;
}

function isBound(bound: unknown, of: 'count' | 'number'): bound is number {
  if (typeof bound !== 'number') return false;
  return of === 'count' ? Number.isSafeInteger(bound) && bound >= 0 : Math.abs(bound) < 1e15;
}

function isPossible(threshold: Threshold, of: 'count' | 'number', max: number): boolean {
  const { gt, gte, lt, lte, eq, neq } = threshold;
  if (of === 'count') {
    const low = Math.max(1, gt === undefined ? 0 : gt + 1, gte ?? 0, eq ?? 0);
    const high = Math.min(max, lt === undefined ? max : lt - 1, lte ?? max, eq ?? max);
    return low < high || (low === high && neq !== low);
  }
  const low = Math.max(gt ?? -Infinity, gte ?? -Infinity, eq ?? -Infinity);
  const high = Math.min(lt ?? Infinity, lte ?? Infinity, eq ?? Infinity);
  return low < high || (low === high && low !== gt && low !== lt && low !== neq);
}
