import { planBehaviours } from '../../../src/correlate/plan.ts';
import { parseRules } from '../../../src/detect/sigma/parse.ts';

/** A correlation as the plain definition takes it. Times in seconds. */
export interface PlainRule {
  readonly type: string;
  readonly rules: readonly string[];
  readonly timespan: number;
  readonly suppress: number;
  /** How a rule file says it, for the stream to be tested. */
  readonly condition?: string;
  /** What the condition says of a number. */
  readonly meets?: (value: number) => boolean;
  /** Ways in which a condition over names holds: with all of some rules, and none of others. */
  readonly ways?: readonly { readonly needs: readonly string[]; readonly excludes: readonly string[] }[];
  readonly sameAny?: readonly string[];
  readonly differAny?: readonly string[];
  readonly percentile?: number;
  /** False: others refer to it. */
  readonly inner?: true;
}

const ALL = ['a', 'b', 'c'];
const EACH = [{ needs: ALL, excludes: [] }];
const A_WITH_B_OR_WITHOUT_C = [
  { needs: ['a', 'b'], excludes: [] },
  { needs: ['a'], excludes: ['c'] },
];
const BASE = { rules: ALL, timespan: 10, suppress: 12 };

export const RULES: Readonly<Record<string, PlainRule>> = {
  count_least: { ...BASE, type: 'event_count', condition: '{gte: 3}', meets: (n) => n >= 3 },
  count_most: { ...BASE, type: 'event_count', condition: '{lte: 2}', suppress: 1, meets: (n) => n <= 2 },
  count_range: {
    ...BASE,
    type: 'event_count',
    condition: '{gt: 1, lt: 6, neq: 3}',
    meets: (n) => n > 1 && n < 6 && n !== 3,
  },
  values_least: { ...BASE, type: 'value_count', condition: '{field: user, gte: 2}', meets: (n) => n >= 2 },
  values_equal: { ...BASE, type: 'value_count', condition: '{field: user, eq: 1}', meets: (n) => n === 1 },
  sum: { ...BASE, type: 'value_sum', condition: '{field: size, gt: 2, lt: 5}', meets: (n) => n > 2 && n < 5 },
  average: { ...BASE, type: 'value_avg', condition: '{field: size, gte: 1.25}', meets: (n) => n >= 1.25 },
  percentile: {
    ...BASE,
    type: 'value_percentile',
    condition: '{field: size, percentile: 75, lte: 1}',
    percentile: 75,
    meets: (n) => n <= 1,
  },
  median: {
    ...BASE,
    type: 'value_median',
    condition: '{field: size, gt: 0.5}',
    percentile: 50,
    meets: (n) => n > 0.5,
  },
  together: { ...BASE, type: 'temporal', ways: EACH },
  some_together: { ...BASE, type: 'temporal', condition: '{eq: 2}', meets: (n) => n === 2 },
  together_without: {
    ...BASE,
    type: 'temporal',
    condition: 'a and (b or not c)',
    ways: A_WITH_B_OR_WITHOUT_C,
  },
  in_order: { ...BASE, type: 'temporal_ordered', ways: EACH, sameAny: ['user'], suppress: 15 },
  in_order_differing: {
    ...BASE,
    type: 'temporal_ordered',
    ways: EACH,
    sameAny: ['user'],
    differAny: ['size'],
  },
  some_in_order: { ...BASE, type: 'temporal_ordered', condition: '{gte: 2}', meets: (n) => n >= 2 },
  two_in_order: { ...BASE, type: 'temporal_ordered', condition: '{eq: 2}', meets: (n) => n === 2 },
  in_order_without: {
    ...BASE,
    type: 'temporal_ordered',
    condition: 'a and (b or not c)',
    ways: A_WITH_B_OR_WITHOUT_C,
  },
  burst: {
    ...BASE,
    inner: true,
    rules: ['a'],
    timespan: 5,
    type: 'event_count',
    condition: '{gte: 2}',
    meets: (n) => n >= 2,
  },
  calm: {
    ...BASE,
    inner: true,
    rules: ['burst', 'b'],
    timespan: 8,
    type: 'temporal',
    condition: 'b and not burst',
    ways: [{ needs: ['b'], excludes: ['burst'] }],
  },
  many: {
    ...BASE,
    inner: true,
    rules: ['a'],
    timespan: 25,
    type: 'value_sum',
    condition: '{field: size, gte: 1}',
    meets: (n) => n >= 1,
  },
  many_then: {
    ...BASE,
    rules: ['many', 'b'],
    timespan: 4,
    suppress: 1,
    type: 'temporal_ordered',
    ways: [{ needs: ['many', 'b'], excludes: [] }],
  },
  burst_then: {
    ...BASE,
    rules: ['burst', 'b'],
    type: 'temporal_ordered',
    ways: [{ needs: ['burst', 'b'], excludes: [] }],
  },
  bursts: {
    ...BASE,
    rules: ['burst', 'a'],
    timespan: 20,
    type: 'event_count',
    condition: '{gte: 3}',
    meets: (n) => n >= 3,
  },
  two_bursts: {
    ...BASE,
    rules: ['burst'],
    timespan: 20,
    suppress: 1,
    type: 'event_count',
    condition: '{eq: 2}',
    meets: (n) => n === 2,
  },
  without_burst: {
    ...BASE,
    rules: ['c', 'burst'],
    type: 'temporal',
    condition: 'c and not burst',
    ways: [{ needs: ['c'], excludes: ['burst'] }],
  },
  users_of_calm: {
    ...BASE,
    rules: ['calm', 'burst', 'c'],
    type: 'value_count',
    condition: '{field: user, gte: 2}',
    meets: (n) => n >= 2,
  },
};

/** What stands in the groups of the correlations that others refer to. */
export const INNER_GROUP = ['user'];

/** The correlations through which one refers to a rule: one list for each way. */
export function waysTo(target: string, rule: string): string[][] {
  return RULES[target]!.rules.flatMap((each) => {
    if (each === rule) return [[]];
    return RULES[each] ? waysTo(each, rule).map((rest) => [each, ...rest]) : [];
  });
}

function text(
  id: string,
  { type, rules, timespan, suppress, condition, sameAny, differAny, inner }: PlainRule,
): string {
  return `title: ${id}
id: ${id}
correlation:
  type: ${type}
  rules: [${rules}]
  group-by: [${inner ? INNER_GROUP : 'host'}]
  timespan: ${timespan}s
${condition ? `  condition: ${condition}` : ''}
gatewatch: { suppress: ${suppress}s${sameAny ? `, same-any: [${sameAny}]` : ''}${differAny ? `, differ-any: [${differAny}]` : ''} }
`;
}

const single = (id: string) => `title: ${id}
id: ${id}
logsource: {product: kubernetes, service: audit}
detection: {selection: {verb: create}, condition: selection}
`;

const texts = [...ALL.map(single), ...Object.entries(RULES).map(([id, rule]) => text(id, rule))];
const set = parseRules([{ name: 'rules.yml', text: texts.join('---\n') }]);
if (set.problems.length > 0) throw set.problems[0]!;

/** What a stream makes of them. Rules by themselves count repeats for 8 seconds. */
export const PLAN = planBehaviours({ ...set, silent: new Set(['burst', 'calm', 'many']) }, 8);
