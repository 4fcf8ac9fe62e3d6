import { ruleOptions } from '../detect/rule-options.ts';
import {
  type CorrelationRule,
  type CountCondition,
  fieldOf,
  groupFields,
  type RuleMetadata,
  type RuleSet,
} from '../detect/sigma/model.ts';
import { contentId } from '../record/record.ts';
import type { BaselineRule } from './baseline/baselines.ts';
import { newValue } from './baseline/new-value.ts';
import { type EpisodeFinder, eventCount, repeats, temporalOrdered } from './episodes.ts';

/** Enough of a hash to tell a rule from what it was before. */
const SHAPE_CHARS = 8;

/** How the signals of one target become alerts. */
export interface Behaviour {
  readonly rule: RuleMetadata;
  /**
   * Length, in microseconds, of the time that signals of one alert can span, and so for how long after a signal what follows may depend on
   * it. 0 with a baseline, which remembers what does.
   */
  readonly span: number;
  readonly find: EpisodeFinder;
  /** What the rule looks at, if it remembers what groups do. */
  readonly baseline?: BaselineRule;
}

/** The behaviour of each rule that gives alerts and of each correlation, by id. */
export type Plan = ReadonlyMap<string, Behaviour>;

/** The plan of a set of rules. */
export function planBehaviours(set: RuleSet, suppressSeconds: number): Plan {
  const plan = new Map<string, Behaviour>();
  const suppressOf = (rule: RuleMetadata): number =>
    (ruleOptions(rule).suppressMs ?? suppressSeconds * 1000) * 1000;
  for (const rule of set.rules) {
    const suppress = suppressOf(rule);
    plan.set(rule.id, { rule, span: suppress, find: repeats(suppress) });
  }
  for (const rule of set.correlations) plan.set(rule.id, correlationBehaviour(rule, suppressOf(rule)));
  return plan;
}

/** Whether a rule, changed or not, makes the same of the same signals. Where its file says it does not matter. */
export function behavesAs(a: Behaviour, b: Behaviour): boolean {
  const text = ({ rule }: Behaviour): string => JSON.stringify({ ...rule, file: '', where: '' });
  return text(a) === text(b);
}

function correlationBehaviour(rule: CorrelationRule, suppress: number): Behaviour {
  const timespan = rule.timespanMs * 1000;
  const span = Math.max(timespan, suppress);
  switch (rule.type) {
    case 'event_count':
      return {
        rule,
        span,
        find: eventCount({
          timespan,
          suppress,
          satisfied: (count) => holds(rule.condition, count),
          distinct: ruleOptions(rule).distinct,
        }),
      };
    case 'temporal_ordered': {
      const { sameAny } = ruleOptions(rule);
      return { rule, span, find: temporalOrdered({ steps: rule.rules, timespan, suppress, sameAny }) };
    }
    case 'new_value': {
      const baseline = { shape: shapeOf(rule), fields: rule.fields!, timespan, suppress };
      const learn = ruleOptions(rule).learnMs * 1000;
      const find = newValue({ ...baseline, groupBy: rule.groupBy, learn });
      return { rule, span: 0, find, baseline };
    }
  }
}

/** Changes with what the values are of, and not with how far or how long is looked. */
function shapeOf(rule: CorrelationRule): string {
  const looks = rule.rules.map((id) => {
    const fields = rule.fields!.map((field) => fieldOf(rule, field, id));
    return JSON.stringify([id, groupFields(rule, id), fields]);
  });
  return contentId(...looks.sort()).slice(0, SHAPE_CHARS);
}

function holds(condition: CountCondition, count: number): boolean {
  const { gt, gte, lt, lte, eq, neq } = condition;
  return (
    (gt === undefined || count > gt) &&
    (gte === undefined || count >= gte) &&
    (lt === undefined || count < lt) &&
    (lte === undefined || count <= lte) &&
    (eq === undefined || count === eq) &&
    (neq === undefined || count !== neq)
  );
}
