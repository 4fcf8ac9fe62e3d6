import { labelsOf, ruleOptions } from '../detect/rule-options.ts';
import type { RuleMetadata, RuleSet } from '../detect/sigma/model.ts';
import { suggestion } from '../detect/sigma/suggest.ts';
import { GatewatchError } from '../errors.ts';

/** Which rules an installation wants, by name, id or detection id. */
export interface Selection {
  readonly enable: readonly string[];
  readonly disable: readonly string[];
}

/** Every rule, also those that are shipped switched off: for tests and lists. */
export const EVERY_RULE: Selection = { enable: ['*'], disable: [] };

/**
 * The set without the rules that are off: those that the selection disables, and those with `enabled: false` that it does not enable.
 * What a correlation that is off was built of stays silent.
 * @throws RULE_REFERENCE_UNKNOWN for a name that no rule has
 */
export function selectRules(set: RuleSet, { enable, disable }: Selection): RuleSet {
  const all = [...set.rules, ...set.correlations];
  const known = new Set(all.flatMap(labelsOf));
  for (const [key, names] of Object.entries({ enable, disable })) {
    const unknown = names.find((name) => name !== '*' && !known.has(name.toLowerCase()));
    if (unknown === undefined) continue;
    throw new GatewatchError(
      'RULE_REFERENCE_UNKNOWN',
      `No rule has the name, id or detection id "${unknown}".${suggestion(unknown, known)}`,
      { where: `detect.${key}` },
    );
  }
  const named = (names: readonly string[], rule: RuleMetadata): boolean => {
    const labels = labelsOf(rule);
    return names.some((name) => name === '*' || labels.includes(name.toLowerCase()));
  };
  const isOn = (rule: RuleMetadata): boolean =>
    !named(disable, rule) && (ruleOptions(rule).enabled || named(enable, rule));
  return { ...set, rules: set.rules.filter(isOn), correlations: set.correlations.filter(isOn) };
}
