import type { GatewatchError } from '../../errors.ts';
import type { EventFields } from './event.ts';
import type { Expression } from './expression.ts';
import type { Item } from './item.ts';

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

/** Correlation types that are evaluated. */
export type CorrelationType = 'event_count' | 'temporal_ordered' | 'new_value';

/** Every criterion must hold of the count (Sigma correlation rules specification, "Condition"). */
export interface CountCondition {
  readonly gt?: number;
  readonly gte?: number;
  readonly lt?: number;
  readonly lte?: number;
  readonly eq?: number;
  readonly neq?: number;
}

/** A correlation rule, its references resolved. */
export interface CorrelationRule extends RuleMetadata {
  readonly type: CorrelationType;
  /** Ids of the rules, in the order written. */
  readonly rules: readonly string[];
  /** Field paths or names of aliases, in the order written. `groupFields` resolves them for one rule. */
  readonly groupBy: readonly string[];
  /** Alias to rule id to field path (Sigma correlation rules specification, "Field Name Aliases"). */
  readonly aliases: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly timespanMs: number;
  /** For `new_value`: field paths or names of aliases whose values are looked at together. */
  readonly fields?: readonly string[];
  /** For `temporal_ordered`: the number of rules, all of which must occur. */
  readonly condition: CountCondition;
  /** True if the rules referred to give alerts of their own as well. */
  readonly generate: boolean;
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

/** Field paths to group a rule's events by under a correlation: `groupBy` with aliases resolved. */
export function groupFields(correlation: CorrelationRule, ruleId: string): string[] {
  return correlation.groupBy.map((field) => fieldOf(correlation, field, ruleId));
}

/** The path that a field or alias of a correlation stands for in a rule's events. */
export function fieldOf({ aliases }: CorrelationRule, field: string, ruleId: string): string {
  return aliases.get(field)?.get(ruleId) ?? field;
}
