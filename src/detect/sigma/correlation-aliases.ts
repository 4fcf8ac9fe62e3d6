import type { RuleDocument } from './document.ts';
import { isPath } from './event.ts';
import { mappedField } from './mapping.ts';
import { isYamlMap, kindOf, type YamlMap } from './reader.ts';
import { type References, rulesBelow } from './references.ts';

/**
 * Reads Sigma correlation rules specification, "Field Name Aliases". An alias names a field for each rule that the correlation refers to; for a
 * correlation among them also one of its aliases, or a field for each of the rules below it.
 * @param named fields that the correlation uses
 */
export function readAliases(
  document: RuleDocument,
  { aliases: written }: YamlMap,
  known: References,
  rules: readonly string[],
  named: readonly string[],
  id: string,
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const aliases = new Map<string, ReadonlyMap<string, string>>();
  if (written === undefined || written === null) return aliases;
  if (!isYamlMap(written)) {
    document.refuse('RULE_INVALID', `"aliases": expected a map, found ${kindOf(written)}.`, [
      'correlation',
      'aliases',
    ]);
    return aliases;
  }
  for (const [alias, fields] of Object.entries(written)) {
    const place = ['correlation', 'aliases', alias];
    if (!isYamlMap(fields)) {
      document.refuse(
        'RULE_INVALID',
        `"${alias}": expected a map of rules and fields, found ${kindOf(fields)}.`,
        place,
      );
      continue;
    }
    const byRule = readFields(document, fields, place, known, rules);
    const isNamed = (rule: string): boolean => byRule.has(rule);
    const left = rules.find((rule) => !isNamed(rule) && !rulesBelow(rule, known).every(isNamed));
    if (!named.includes(alias)) {
      document.warn(
        id,
        `The alias "${alias}" is used neither in "group-by" nor as a field.`,
        document.where(place),
      );
    } else if (left !== undefined) {
      document.refuse(
        'RULE_INVALID',
        `"${alias}" does not say which field of the rule "${left}" is meant.`,
        place,
      );
    }
    aliases.set(alias, byRule);
  }
  return aliases;
}

function readFields(
  document: RuleDocument,
  fields: YamlMap,
  place: readonly string[],
  known: References,
  rules: readonly string[],
): Map<string, string> {
  const byRule = new Map<string, string>();
  const own = new Set(rules.flatMap((rule) => [rule, ...rulesBelow(rule, known)]));
  for (const [label, field] of Object.entries(fields)) {
    const found = known.find(label);
    const rule = typeof found === 'object' && own.has(found.id) ? found.id : undefined;
    if (rule === undefined) {
      document.refuse('RULE_REFERENCE_UNKNOWN', `"${label}" is not one of the rules of this correlation.`, [
        ...place,
        label,
      ]);
    } else if (typeof field !== 'string' || !isPath(field)) {
      document.refuse('RULE_INVALID', `"${label}": expected the path of a field, found ${kindOf(field)}.`, [
        ...place,
        label,
      ]);
    } else byRule.set(rule, mappedField(document, field).fields[0]!);
  }
  return byRule;
}
