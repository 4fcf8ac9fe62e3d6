import { detectionsOf } from '../../detect/rule-options.ts';
import type { CorrelationRule, RuleMetadata, RuleSet, SigmaRule } from '../../detect/sigma/model.ts';
import { compileRules } from '../../rules/load.ts';
import type { ConfigOptions } from '../config-options.ts';
import { oneOf, print, sourcesOf } from './rules-shared.ts';

export const LIST_FORMATS = ['text', 'json', 'ndjson'] as const;

export interface ListOptions extends ConfigOptions {
  readonly format: string;
}

/** Prints all rules, with everything that they say in the formats for machines. */
export async function list(paths: readonly string[], options: ListOptions): Promise<void> {
  const format = oneOf('--format', options.format, LIST_FORMATS);
  const { set } = compileRules(await sourcesOf(paths, options));
  const rules = [...set.rules, ...set.correlations];
  const entries = rules.map((rule) => entryOf(rule, set));
  if (format === 'json') print(JSON.stringify(entries, null, 2));
  else if (format === 'ndjson') for (const entry of entries) print(JSON.stringify(entry));
  else for (const line of entries.map(lineOf).sort()) print(line);
}

/** What Gatewatch makes of a rule, before everything that the rule says itself. */
interface Entry extends RuleMetadata {
  readonly kind: 'rule' | CorrelationRule['type'];
  /** Ids of the detections that its tags name. */
  readonly detections: readonly string[];
  /** False for a part of a correlation, which gives no alert of its own. */
  readonly alerts: boolean;
  /** True if it can match nothing: a list that it needs is empty, or its log source is another. */
  readonly off: boolean;
}

function entryOf(rule: SigmaRule | CorrelationRule, set: RuleSet): Entry {
  return {
    kind: 'type' in rule ? rule.type : 'rule',
    detections: detectionsOf(rule.tags),
    alerts: !set.silent.has(rule.id),
    off: set.off.has(rule.id),
    ...('type' in rule ? correlationData(rule) : ruleData(rule)),
  };
}

/** Without what it is compiled to. */
function ruleData({ applies, items, expression, matches, ...said }: SigmaRule) {
  return said;
}

function correlationData({ aliases, ...said }: CorrelationRule) {
  const entries = [...aliases].map(([alias, fields]) => [alias, Object.fromEntries(fields)]);
  return { ...said, aliases: Object.fromEntries(entries) };
}

function lineOf({ level, detections, kind, alerts, off, title, file }: Entry): string {
  const told = off ? 'off' : alerts ? (kind === 'rule' ? 'single' : kind) : 'part of a sequence';
  return [level.padEnd(13), detections.join(',').padEnd(5), told.padEnd(18), title, `(${file})`].join(' ');
}
