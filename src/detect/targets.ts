import { ruleOptions } from './rule-options.ts';
import { compilePath, type EventFields } from './sigma/event.ts';
import { type CorrelationRule, fieldOf, groupFields, type RuleSet, type SigmaRule } from './sigma/model.ts';

/** One consumer of a rule's matches: the rule's own alert, or a correlation. */
export interface Target {
  readonly id: string;
  /** See `Signal.spans_groups`. */
  readonly spansGroups: boolean;
  /** Values of the group-by fields, '' for one that the event lacks. */
  group(event: EventFields): string[];
  /** Values that the correlation compares or looks at, by the name that it has for them; absent if it looks at none. */
  values(event: EventFields): Record<string, string> | undefined;
}

/** Group values are names; a longer one is cut, so that keys stay bounded. */
const VALUE_CHARS_MAX = 512;

/** Where the matches of each rule go, by rule id. */
export function planTargets(set: RuleSet): ReadonlyMap<string, readonly Target[]> {
  const plan = new Map<string, Target[]>();
  for (const rule of set.rules) {
    const own = set.silent.has(rule.id) ? [] : [target(rule.id, ruleOptions(rule).groupBy, new Map())];
    plan.set(rule.id, [...own, ...set.correlations.flatMap((correlation) => targetOf(correlation, rule))]);
  }
  return plan;
}

function targetOf(correlation: CorrelationRule, rule: SigmaRule): Target[] {
  if (!correlation.rules.includes(rule.id)) return [];
  const { sameAny, distinct } = ruleOptions(correlation);
  const compared = distinct === undefined ? sameAny : [...sameAny, distinct];
  const paths = new Map(compared.map((path) => [path, path]));
  for (const field of correlation.fields ?? []) paths.set(field, fieldOf(correlation, field, rule.id));
  return [target(correlation.id, groupFields(correlation, rule.id), paths, correlation.type === 'new_value')];
}

/** @param paths of the fields whose values are compared or looked at, by name */
function target(
  id: string,
  groupBy: readonly string[],
  paths: ReadonlyMap<string, string>,
  spansGroups = false,
): Target {
  const group = groupBy.map(textAt);
  const values = Array.from(paths, ([name, path]) => [name, textAt(path)] as const);
  return {
    id,
    spansGroups,
    group: (event) => group.map((read) => read(event)),
    values(event) {
      if (values.length === 0) return undefined;
      const read: Record<string, string> = {};
      for (const [name, at] of values) read[name] = at(event);
      return read;
    },
  };
}

function textAt(path: string): (event: EventFields) => string {
  const read = compilePath(path);
  return (event) => {
    const value = read(event)[0];
    // An object has no value to group by.
    return value === undefined || value === null || typeof value === 'object'
      ? ''
      : String(value).slice(0, VALUE_CHARS_MAX);
  };
}
