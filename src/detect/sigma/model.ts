import type { GatewatchError } from '../../errors.ts';
import type { EventFields } from './event.ts';

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

/**
 * What must hold of an event for a rule to match at all, in lower case; an absent set means that any value will do.
 * The index passes over a rule whose anchors an event does not meet.
 */
export interface Anchors {
  /** Values one of which `verb` must have. */
  readonly verbs?: ReadonlySet<string>;
  /** Values one of which `objectRef.resource` must have. */
  readonly resources?: ReadonlySet<string>;
}

/** A detection rule, compiled. */
export interface SigmaRule extends RuleMetadata {
  readonly logsource: LogSource;
  /** False if the rule is for another log source than the Kubernetes audit log: then it matches nothing. */
  readonly applies: boolean;
  /** Fields of interest to an analyst (Sigma rules specification, "Fields"). */
  readonly fields: readonly string[];
  readonly anchors: Anchors;
  matches(event: EventFields): boolean;
}

/** Correlation types that are evaluated. */
export type CorrelationType = 'event_count' | 'temporal_ordered';

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
  readonly problems: readonly GatewatchError[];
  readonly warnings: readonly RuleWarning[];
}

/** Text of one file of rules. */
export interface RuleFile {
  readonly name: string;
  readonly text: string;
}

/** Field paths to group a rule's events by under a correlation: `groupBy` with aliases resolved. */
export function groupFields(correlation: CorrelationRule, ruleId: string): string[] {
  return correlation.groupBy.map((field) => correlation.aliases.get(field)?.get(ruleId) ?? field);
}
