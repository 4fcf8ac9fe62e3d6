import { ruleOptions } from './rule-options.ts';
import { compilePath, type EventFields } from './sigma/event.ts';
import { type CorrelationRule, groupFields, type RuleSet, type SigmaRule } from './sigma/model.ts';

/** One consumer of a rule's matches: the rule's own alert, or a correlation. */
export interface Target {
  readonly id: string;
  /** Values of the group-by fields, '' for one that the event lacks. */
  group(event: EventFields): string[];
  /** Values that the correlation compares between its steps. */
  values(event: EventFields): Record<string, string>;
}

/** Group values are names; a longer one is cut, so that keys stay bounded. */
const VALUE_CHARS_MAX = 512;

/** Where the matches of each rule go, by rule id. */
export function planTargets(set: RuleSet): ReadonlyMap<string, readonly Target[]> {
  const plan = new Map<string, Target[]>();
  for (const rule of set.rules) {
    const own = set.silent.has(rule.id) ? [] : [target(rule.id, ruleOptions(rule).groupBy, [])];
    plan.set(rule.id, [...own, ...set.correlations.flatMap((correlation) => targetOf(correlation, rule))]);
  }
  return plan;
}

function targetOf(correlation: CorrelationRule, rule: SigmaRule): Target[] {
  if (!correlation.rules.includes(rule.id)) return [];
  const { sameAny, distinct } = ruleOptions(correlation);
  const compared = distinct === undefined ? sameAny : [...sameAny, distinct];
  return [target(correlation.id, groupFields(correlation, rule.id), compared)];
}

function target(id: string, groupBy: readonly string[], compared: readonly string[]): Target {
  const group = groupBy.map(textAt);
  const values = compared.map((path) => [path, textAt(path)] as const);
  return {
    id,
    group: (event) => group.map((read) => read(event)),
    values: (event) => Object.fromEntries(values.map(([path, read]) => [path, read(event)])),
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
