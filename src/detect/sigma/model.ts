import type { GatewatchError } from '../../errors.ts';
import type { EventFields } from './event.ts';
import type { Expression } from './expression.ts';
import type { Item } from './item.ts';
import type { RuleCondition } from './rule-condition.ts';

/** Sigma rules specification, "Level". */
export const LEVELS = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export type Level = (typeof LEVELS)[number];

/** Sigma rules specification, "Status". */
export const STATUSES = ['stable', 'test', 'experimental', 'deprecated', 'unsupported'] as const;
export type Status = (typeof STATUSES)[number];

/** What detection rules and correlation rules have in common (Sigma rules specification, "Components"). */
export interface RuleMetadata {
  /** As written; derived from file name and title if the rule has none. */
  readonly id: string;
  readonly name?: string;
  readonly title: string;
  readonly status?: Status;
  /** `medium` if the rule does not say. */
  readonly level: Level;
  readonly description?: string;
  readonly references: readonly string[];
  readonly author?: string;
  readonly date?: string;
  readonly modified?: string;
  readonly tags: readonly string[];
  readonly falsepositives: readonly string[];
  /** Attributes that Sigma does not define, as written. */
  readonly custom: Readonly<Record<string, unknown>>;
  /** Name of the file, as given to `parseRules`. */
  readonly file: string;
  /** `file.yml:12:1`, where the rule begins. */
  readonly where: string;
}

/** Sigma rules specification, "LogSource". */
export interface LogSource {
  readonly category?: string;
  readonly product?: string;
  readonly service?: string;
}

/** A detection rule, compiled. */
export interface SigmaRule extends RuleMetadata {
  readonly logsource: LogSource;
  /** False if the rule matches nothing: it is for another log source than the Kubernetes audit log, or a list that it needs is empty. */
  readonly applies: boolean;
  /** Fields of interest to an analyst (Sigma rules specification, "Fields"). */
  readonly fields: readonly string[];
  /** Everything that the rule asks of an event, filters included. */
  readonly items: readonly Item[];
  /** The same, as it is put together. */
  readonly expression: Expression;
  matches(event: EventFields): boolean;
}

/** Every criterion must hold of a number (Sigma correlation rules specification, "Condition"). */
export interface Threshold {
  readonly gt?: number;
  readonly gte?: number;
  readonly lt?: number;
  readonly lte?: number;
  readonly eq?: number;
  readonly neq?: number;
}

/** What all correlation rules say, their references resolved. */
interface Correlation extends RuleMetadata {
  /** Ids of the rules and correlations that it refers to, in the order written. */
  readonly rules: readonly string[];
  /** Field paths or names of aliases, in the order written. `groupFields` resolves them for one rule. */
  readonly groupBy: readonly string[];
  /** Alias to id of a rule or correlation to field path (Sigma correlation rules specification, "Field Name Aliases"). */
  readonly aliases: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly timespanMs: number;
  /** True if the rules referred to give alerts of their own as well. */
  readonly generate: boolean;
}

interface EventCountRule extends Correlation {
  readonly type: 'event_count';
  readonly threshold: Threshold;
}

interface ValueRule extends Correlation {
  readonly type: 'value_count' | 'value_sum' | 'value_avg' | 'value_median';
  readonly threshold: Threshold;
  /** Field paths or names of aliases; several, taken together, for `value_count` only. */
  readonly fields: readonly string[];
}

interface PercentileRule extends Correlation {
  readonly type: 'value_percentile';
  readonly threshold: Threshold;
  readonly fields: readonly string[];
  /** Whole, 0 to 100. */
  readonly percentile: number;
}

interface TemporalRule extends Correlation {
  readonly type: 'temporal' | 'temporal_ordered';
  readonly condition: RuleCondition;
}

/** Gatewatch's own. */
export interface NewValueRule extends Correlation {
  readonly type: 'new_value';
  /** Field paths or names of aliases whose values are looked at together. */
  readonly fields: readonly string[];
}

/** Gatewatch's own: matches of `rules` that come all the time stop coming for longer than the timespan. */
export interface AbsenceRule extends Correlation {
  readonly type: 'absence';
}

/** Those that look at a window that ends with a match: the types of Sigma. */
export type WindowedRule = EventCountRule | ValueRule | PercentileRule | TemporalRule;

/** A correlation rule, its references resolved. */
export type CorrelationRule = WindowedRule | NewValueRule | AbsenceRule;

export type CorrelationType = CorrelationRule['type'];

/** Whether a type is of Gatewatch's own: such a correlation looks at matches of rules, and no other one sees what it makes of them. */
export function isOwnType(type: CorrelationType | undefined): boolean {
  return type === 'new_value' || type === 'absence';
}

/** Something that a person should know about a rule that is accepted all the same. */
export interface RuleWarning {
  /** Id of the rule. */
  readonly rule: string;
  /** `file.yml:12:5`. */
  readonly where: string;
  readonly message: string;
}

/** What `parseRules` makes of a set of files. A rule with a problem is left out; the others are complete. */
export interface RuleSet {
  readonly rules: readonly SigmaRule[];
  readonly correlations: readonly CorrelationRule[];
  /** Ids of rules that give no alert of their own: a correlation refers to them and none that does says `generate: true`. */
  readonly silent: ReadonlySet<string>;
  /** Ids of rules and correlations that can match nothing; a warning says why. */
  readonly off: ReadonlySet<string>;
  readonly problems: readonly GatewatchError[];
  readonly warnings: readonly RuleWarning[];
  /** Fields that were mapped, with the mapping. */
  readonly mapped: readonly RuleWarning[];
}

/** What placeholders stand for, by name (Sigma rules specification, "Placeholders"). Values may hold wildcards. A list may be empty, which switches off the rules that need it. */
export type Lists = ReadonlyMap<string, readonly string[]>;

/** Text of one file of rules. */
export interface RuleFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Field paths to group a rule's events by under a correlation.
 * @param chain the correlation, and those through which it refers to the rule
 */
export function groupFields(chain: readonly CorrelationRule[], ruleId: string): string[] {
  return (chain[0]?.groupBy ?? []).map((field) => fieldOf(chain, field, ruleId));
}

/** The path that a field or alias of the first correlation of a chain stands for in a rule's events. */
export function fieldOf(chain: readonly CorrelationRule[], field: string, ruleId: string): string {
  let name = field;
  for (const [index, { aliases }] of chain.entries()) {
    const alias = aliases.get(name);
    const path = alias?.get(ruleId);
    if (path !== undefined) return path;
    name = alias?.get(chain[index + 1]?.id ?? '') ?? name;
  }
  return name;
}
