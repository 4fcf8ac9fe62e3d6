import { holdsOf, type RuleCondition } from '../../detect/sigma/rule-condition.ts';
import type { Kind } from './kind.ts';
import { Occurrences } from './occurrences.ts';
import { countMeets } from './threshold.ts';

/** Sigma correlation rules specification, "Temporal Proximity": which rules matched in the window, in whatever order. */
export function temporal(timespan: number, condition: RuleCondition): Kind {
  return {
    timespan,
    newTally() {
      const rules = new Occurrences();
      return {
        add: ({ rule }) => rules.add(rule),
        remove: ({ rule }) => rules.remove(rule),
        holds: () =>
          'expression' in condition
            ? holdsOf(condition.expression, (rule) => rules.has(rule))
            : countMeets(condition.threshold, rules.size),
      };
    },
  };
}
