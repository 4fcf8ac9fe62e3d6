import { isObject, listOf, member, stringOf, stringsOf } from '../decode/json.ts';
import { shown } from './canonical.ts';
import { type Extent, extentOf } from './extent.ts';

/** What a label's value may be: one of some values, or (`others`) any but those; and whether the label may be absent. */
interface Allowed {
  readonly absent: boolean;
  readonly others: boolean;
  readonly values: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();
const ANYTHING: Allowed = { absent: true, others: true, values: NONE };

const VALUES_MAX = 1000;

/** `metav1.LabelSelectorRequirement`; `NotIn` also matches objects without the label (k8s.io/apimachinery/pkg/labels, `Requirement.Matches`). */
function allowedBy(operator: unknown, values: ReadonlySet<string>): Allowed | undefined {
  switch (operator) {
    case 'In':
      return { absent: false, others: false, values };
    case 'NotIn':
      return { absent: true, others: true, values };
    case 'Exists':
      return { absent: false, others: true, values: NONE };
    case 'DoesNotExist':
      return { absent: true, others: false, values: NONE };
    default:
      return undefined;
  }
}

type Selector = ReadonlyMap<string, Allowed>;

/** @returns undefined if the selector holds something that is no requirement of Kubernetes, for example a wildcard of Kyverno's */
function selectorOf(selector: unknown): Selector | undefined {
  const keys = new Map<string, Allowed>();
  const labels = member(selector, 'matchLabels');
  const requirements = [
    ...(isObject(labels) ? Object.entries(labels) : []).map(([key, value]) => [key, 'In', [value]] as const),
    ...listOf(member(selector, 'matchExpressions')).map(
      (one) =>
        [stringOf(member(one, 'key')), member(one, 'operator'), listOf(member(one, 'values'))] as const,
    ),
  ];
  for (const [key, operator, values] of requirements) {
    const allowed = allowedBy(operator, new Set(stringsOf(values, VALUES_MAX)));
    if (key === undefined || allowed === undefined || values.length > VALUES_MAX) return undefined;
    if ([key, ...allowed.values].some((text) => /[*?]/.test(text))) return undefined;
    keys.set(key, both(keys.get(key) ?? ANYTHING, allowed));
  }
  return keys;
}

function both(a: Allowed, b: Allowed): Allowed {
  const absent = a.absent && b.absent;
  if (a.others && b.others) return { absent, others: true, values: a.values.union(b.values) };
  if (a.others) return { absent, others: false, values: b.values.difference(a.values) };
  return {
    absent,
    others: false,
    values: b.others ? a.values.difference(b.values) : a.values.intersection(b.values),
  };
}

function includes(whole: Allowed, part: Allowed): boolean {
  if (part.absent && !whole.absent) return false;
  if (part.others) return whole.others && whole.values.isSubsetOf(part.values);
  return whole.others ? whole.values.isDisjointFrom(part.values) : part.values.isSubsetOf(whole.values);
}

function isNothing({ absent, others, values }: Allowed): boolean {
  return !absent && !others && values.size === 0;
}

function covers(whole: Selector, part: Selector): boolean {
  return (
    part.values().some(isNothing) ||
    whole.entries().every(([key, allowed]) => includes(allowed, part.get(key) ?? ANYTHING))
  );
}

/** How what a label selector matches stands to what another one matched; one that is absent or empty matches everything. */
export function selectorExtent(before: unknown, after: unknown): Extent {
  const [from, to] = [selectorOf(before), selectorOf(after)];
  if (!from || !to) return 'unclear';
  return extentOf(!covers(to, from), !covers(from, to));
}

/** Whether the first selector matches everything that the second does; false also if that cannot be told. */
export function selectorCovers(whole: unknown, part: unknown): boolean {
  const [a, b] = [selectorOf(whole), selectorOf(part)];
  return a !== undefined && b !== undefined && covers(a, b);
}

/** A selector as kubectl writes it: `team=a,env in (dev,test),!ignore`. */
export function selectorText(selector: unknown): string {
  const labels = member(selector, 'matchLabels');
  const parts = [
    ...(isObject(labels) ? Object.entries(labels) : []).map(([key, value]) => `${key}=${shown(value)}`),
    ...listOf(member(selector, 'matchExpressions')).map((one) => {
      const key = stringOf(member(one, 'key')) ?? '';
      const values = stringsOf(member(one, 'values')).join();
      switch (member(one, 'operator')) {
        case 'Exists':
          return key;
        case 'DoesNotExist':
          return `!${key}`;
        case 'In':
          return `${key} in (${values})`;
        case 'NotIn':
          return `${key} notin (${values})`;
        default:
          return `${key} ?`;
      }
    }),
  ];
  return parts.length > 0 ? parts.join() : 'everything';
}
