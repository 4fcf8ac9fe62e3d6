import { ruleOptions } from '../../detect/rule-options.ts';
import type { WindowedRule } from '../../detect/sigma/model.ts';
import { eventCount } from './event-count.ts';
import type { Kind } from './kind.ts';
import { temporal } from './temporal.ts';
import { temporalOrdered } from './temporal-ordered.ts';
import { valueCount } from './value-count.ts';
import { valuePercentile } from './value-percentile.ts';
import { valueAverage, valueSum } from './value-total.ts';

/** The kind of a correlation that looks at windows. */
export function kindOf(rule: WindowedRule): Kind {
  const timespan = rule.timespanMs * 1000;
  switch (rule.type) {
    case 'event_count':
      return eventCount(timespan, rule.threshold);
    case 'value_count':
      return valueCount(timespan, rule.threshold, rule.fields);
    case 'value_sum':
      return valueSum(timespan, rule.threshold, rule.fields[0]!);
    case 'value_avg':
      return valueAverage(timespan, rule.threshold, rule.fields[0]!);
    case 'value_percentile':
      return valuePercentile(timespan, rule.threshold, rule.fields[0]!, rule.percentile);
    case 'value_median':
      return valuePercentile(timespan, rule.threshold, rule.fields[0]!, 50);
    case 'temporal':
      return temporal(timespan, rule.condition);
    case 'temporal_ordered': {
      const { sameAny, differAny } = ruleOptions(rule);
      return temporalOrdered({
        timespan,
        steps: rule.rules,
        condition: rule.condition,
        sameAny,
        differAny,
      });
    }
  }
}
