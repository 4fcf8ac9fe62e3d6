import type { Exception } from '../detect/exceptions/model.ts';
import { ruleOptions } from '../detect/rule-options.ts';
import { beatOf } from '../detect/sigma/absence.ts';
import {
  type AbsenceRule,
  type CorrelationRule,
  fieldOf,
  groupFields,
  type NewValueRule,
  type RuleMetadata,
  type RuleSet,
} from '../detect/sigma/model.ts';
import type { AlertException } from '../record/alert.ts';
import { contentId } from '../record/record.ts';
import { exceptedTarget } from '../record/signal.ts';
import { formatEventTime } from '../record/time.ts';
import { absence } from './absence.ts';
import type { BaselineRule } from './baseline/baselines.ts';
import { newValue } from './baseline/new-value.ts';
import type { EpisodeFinder } from './episodes.ts';
import { kindOf } from './kinds/registry.ts';
import { REPEATS } from './kinds/repeats.ts';
import { finder, lookback, type Referring } from './referred.ts';

/** Enough of a hash to tell a rule from what it was before. */
const SHAPE_CHARS = 8;

/** What an exception has taken away, and from which rule or correlation. */
export interface TakenAway {
  readonly exception: AlertException;
  readonly from: string;
}

/** How the signals of one target become alerts. */
export interface Behaviour {
  /** Its id is that of the target. */
  readonly rule: RuleMetadata;
  readonly taken?: TakenAway;
  /** The correlations that it refers to, directly or through others. */
  readonly referred?: readonly RuleMetadata[];
  /**
   * Length, in microseconds, of the time that signals of one alert can span, and so for how long after a signal what follows may depend on
   * it. 0 with a baseline, which remembers what does.
   */
  readonly span: number;
  /** How long before a match something may lie that decides whether an alert begins with it, microseconds. */
  readonly lookback: number;
  readonly find: EpisodeFinder;
  /** What the rule looks at, if it remembers what groups do. */
  readonly baseline?: BaselineRule;
  /** How long nothing of a live stream must match before it counts as absent, microseconds. */
  readonly silentAfter?: number;
}

/** The behaviour of each rule and correlation that gives alerts, by id. */
export type Plan = ReadonlyMap<string, Behaviour>;

/**
 * The plan of a set of rules. What an exception takes away from one of them is seen by that one's behaviour as well, among itself: so it shows what
 * the exception hides, in alerts that are closed.
 */
export function planBehaviours(
  set: RuleSet,
  suppressSeconds: number,
  exceptions: readonly Exception[] = [],
): Plan {
  const plan = new Map<string, Behaviour>();
  const suppressOf = (rule: RuleMetadata): number =>
    (ruleOptions(rule).suppressMs ?? suppressSeconds * 1000) * 1000;
  for (const rule of set.rules) plan.set(rule.id, windowed(rule, SINGLE, suppressOf(rule)));
  const correlations = new Map(set.correlations.map((rule) => [rule.id, rule]));
  for (const rule of set.correlations) {
    if (set.silent.has(rule.id)) continue;
    plan.set(rule.id, behaviourOf(rule, suppressOf(rule), correlations));
  }
  for (const exception of exceptions) {
    for (const from of exception.targets) {
      const hidden = plan.get(from);
      if (!hidden) continue; // switched off
      const id = exceptedTarget({ by: exception.id, target: from });
      plan.set(id, {
        ...hidden,
        rule: { ...hidden.rule, id },
        taken: { exception: toldOf(exception), from },
      });
    }
  }
  return plan;
}

function behaviourOf(
  rule: CorrelationRule,
  suppress: number,
  correlations: ReadonlyMap<string, CorrelationRule>,
): Behaviour {
  switch (rule.type) {
    case 'new_value':
      return baselined(rule, suppress);
    case 'absence':
      return awaited(rule, suppress);
    default:
      return {
        ...windowed(rule, { kind: kindOf(rule), inner: innerOf(rule, correlations) }, suppress),
        referred: referredBy(rule, correlations),
      };
  }
}

/** How long after its beginning an alert of any of the rules may still change, microseconds. */
export function longestAlert(plan: Plan): number {
  let longest = 0;
  for (const { span, lookback, baseline } of plan.values())
    longest = Math.max(longest, span + lookback, baseline?.suppress ?? 0);
  return longest;
}

function toldOf({ id, title, owner, reason, expires }: Exception): AlertException {
  return { id, title, owner, reason, expires: formatEventTime(expires) };
}

/** Whether a rule, changed or not, makes the same of the same signals. Where its file says it does not matter. */
export function behavesAs(a: Behaviour, b: Behaviour): boolean {
  const text = ({ rule, referred = [], taken }: Behaviour): string =>
    JSON.stringify([[rule, ...referred].map((each) => ({ ...each, file: '', where: '' })), taken]);
  return text(a) === text(b);
}

const SINGLE: Referring = { kind: REPEATS, inner: new Map() };

function windowed(rule: RuleMetadata, referring: Referring, suppress: number): Behaviour {
  const back = lookback(referring);
  return { rule, span: Math.max(back, suppress), lookback: back, find: finder(referring, suppress) };
}

/** The correlations that one refers to. One that is switched off is not there: it never holds. */
function innerOf(
  { rules }: CorrelationRule,
  correlations: ReadonlyMap<string, CorrelationRule>,
): Map<string, Referring> {
  const inner = new Map<string, Referring>();
  for (const id of rules) {
    const referred = correlations.get(id);
    if (!referred || referred.type === 'new_value' || referred.type === 'absence') continue;
    inner.set(id, { kind: kindOf(referred), inner: innerOf(referred, correlations) });
  }
  return inner;
}

function referredBy(
  { rules }: CorrelationRule,
  correlations: ReadonlyMap<string, CorrelationRule>,
): CorrelationRule[] {
  return rules.flatMap((id) => {
    const referred = correlations.get(id);
    return referred ? [referred, ...referredBy(referred, correlations)] : [];
  });
}

function baselined(rule: NewValueRule, suppress: number): Behaviour {
  const baseline = {
    shape: shapeOf(rule),
    fields: rule.fields,
    timespan: rule.timespanMs * 1000,
    suppress,
  };
  const learn = ruleOptions(rule).learnMs * 1000;
  const find = newValue({ ...baseline, groupBy: rule.groupBy, learn });
  return { rule, span: 0, lookback: 0, find, baseline };
}

function awaited(rule: AbsenceRule, suppress: number): Behaviour {
  const timespan = rule.timespanMs * 1000;
  const beat = beatOf(rule);
  const returns = Math.max(suppress, timespan + 2 * beat);
  return {
    rule,
    span: returns,
    lookback: timespan,
    find: absence({ timespan, beat, returns }),
    silentAfter: timespan + beat,
  };
}

/** Changes with what the values are of, and not with how far or how long is looked. */
function shapeOf(rule: NewValueRule): string {
  const looks = rule.rules.map((id) => {
    const fields = rule.fields.map((field) => fieldOf([rule], field, id));
    return JSON.stringify([id, groupFields([rule], id), fields]);
  });
  return contentId(...looks.sort()).slice(0, SHAPE_CHARS);
}
