import { ruleOptions } from '../detect/rule-options.ts';
import type { CorrelationRule, CountCondition, RuleMetadata, RuleSet } from '../detect/sigma/model.ts';
import { type EpisodeFinder, eventCount, repeats, temporalOrdered } from './episodes.ts';

/** How the signals of one target become alerts. */
export interface Behaviour {
  readonly rule: RuleMetadata;
  /** Length, in microseconds, of the time that signals of one alert can span. */
  readonly span: number;
  readonly find: EpisodeFinder;
}

/** The behaviour of each rule that gives alerts and of each correlation, by id. */
export function planBehaviours(set: RuleSet, suppressSeconds: number): ReadonlyMap<string, Behaviour> {
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
  }
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
