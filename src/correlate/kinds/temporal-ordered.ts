import { type RuleCondition, waysOf } from '../../detect/sigma/rule-condition.ts';
import type { EventTime } from '../../record/time.ts';
import { Chain, chainBeginning, type Ends } from './chain.ts';
import type { Kind, Tally } from './kind.ts';
import { LongestChain } from './longest-chain.ts';
import { byTime, type Match } from './match.ts';
import { Occurrences } from './occurrences.ts';
import { countMeets } from './threshold.ts';

/** What a sequence asks for. */
interface SequenceOptions extends Ends {
  readonly timespan: number;
  /** Ids of the rules in the order in which they must match. */
  readonly steps: readonly string[];
  readonly condition: RuleCondition;
}

/**
 * Sigma correlation rules specification, "Ordered Temporal Proximity". A condition over names holds if the rules that it needs matched in their
 * order, and those that it excludes did not match at all; a count is that of the rules that matched one after another in their order.
 */
export function temporalOrdered({ timespan, steps, condition, ...ends }: SequenceOptions): Kind {
  const order = (a: Match, b: Match): number =>
    // Where times are equal nothing says which came first: the benefit of the doubt goes to the order of the steps.
    a.time - b.time || steps.indexOf(a.rule) - steps.indexOf(b.rule) || byTime(a, b);
  const kind = { timespan, order, endings };
  if ('threshold' in condition) {
    const { threshold } = condition;
    return {
      ...kind,
      newTally() {
        const longest = new LongestChain(steps);
        return {
          add: ({ rule }) => longest.add(rule),
          remove: () => longest.remove(),
          holds: () => countMeets(threshold, longest.length),
        };
      },
    };
  }
  const ways = waysOf(condition.expression, steps) ?? [];
  return {
    ...kind,
    newTally: (): Tally => {
      const rules = new Occurrences();
      const chains = ways.map(({ needs, excludes }) => ({ chain: new Chain(needs, ends), excludes }));
      return {
        add(match) {
          rules.add(match.rule);
          for (const { chain } of chains) chain.add(match);
        },
        remove({ rule }) {
          rules.remove(rule);
          for (const { chain } of chains) chain.remove();
        },
        holds: () =>
          chains.some(({ chain, excludes }) => chain.isThere && !excludes.some((rule) => rules.has(rule))),
      };
    },
    beginning: (window) => Math.min(...ways.map(({ needs }) => chainBeginning(needs, ends, window))),
  };
}

/** The matches of what completed the sequence, from then on. */
function endings(matches: readonly Match[], held: EventTime): readonly Match[] {
  const completing = matches.findLast(({ time }) => time === held)!.rule;
  return matches.filter(({ rule, time }) => rule === completing && time >= held);
}
