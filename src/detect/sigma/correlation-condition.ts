import { ConditionError, parseCondition } from './condition.ts';
import type { Place, RuleDocument } from './document.ts';
import { isPath } from './event.ts';
import type { CorrelationType, Threshold, WindowedRule } from './model.ts';
import { type AttributeReader, isYamlMap, kindOf, type YamlMap } from './reader.ts';
import { allRules, type RuleCondition, type RuleNamed, WAYS_MAX, waysOf } from './rule-condition.ts';
import { readThreshold } from './threshold.ts';

const PLACE: Place = ['correlation', 'condition'];

/** Fields whose values are counted together. */
const FIELDS_MAX = 10;

/** pySigma's, where a rule does not say which. */
const PERCENTILE_DEFAULT = 50;

type Specific<Rule> = Rule extends unknown
  ? Omit<Rule, Exclude<keyof Rule, 'type' | 'threshold' | 'fields' | 'percentile' | 'condition'>>
  : never;

/** What a correlation has by its type. Undefined where it was refused. @param rules ids of the rules that it refers to */
export type ConditionDraft = (rules: readonly string[]) => Specific<WindowedRule> | undefined;

/** The types of Sigma, which have a condition. */
type ConditionedType = WindowedRule['type'];

/**
 * Reads the condition of a correlation (Sigma correlation rules specification, "Condition").
 * @param references what it calls its rules
 * @param fieldOf what mappings make of the name of a field
 */
export function readCondition(
  document: RuleDocument,
  attributes: AttributeReader,
  type: ConditionedType,
  references: readonly { readonly label: string }[],
  fieldOf: (name: string) => string,
): ConditionDraft | undefined {
  if (attributes.has('field')) {
    attributes.refuse(
      'field',
      type.startsWith('value_')
        ? 'it under "condition"'
        : 'none: it belongs to the types "value_…" and "new_value"',
    );
  }
  if (type === 'temporal' || type === 'temporal_ordered')
    return readTemporal(document, attributes, type, references);
  const map = readMap(document, attributes, type);
  if (!map) return undefined;
  const { field, percentile, ...operators } = map;
  if (type !== 'value_percentile' && Object.hasOwn(map, 'percentile'))
    refuseKey(document, 'percentile', percentile, 'none: it belongs to the type "value_percentile"');
  if (type === 'event_count') {
    if (Object.hasOwn(map, 'field'))
      refuseKey(document, 'field', field, 'none: it belongs to the types "value_…"');
    const threshold = readThreshold(document, operators, 'count');
    return threshold && (() => ({ type, threshold }));
  }
  const threshold = readThreshold(document, operators, type === 'value_count' ? 'count' : 'number');
  const fields = readFields(document, field, type === 'value_count' ? FIELDS_MAX : 1)?.map(fieldOf);
  if (type === 'value_percentile') {
    const rank = readPercentile(document, percentile);
    return threshold && fields && (() => ({ type, threshold, fields, percentile: rank }));
  }
  return threshold && fields && (() => ({ type, threshold, fields }));
}

function readMap(
  document: RuleDocument,
  attributes: AttributeReader,
  type: CorrelationType,
): YamlMap | undefined {
  const value = attributes.value('condition');
  if (value === undefined || value === null) {
    document.refuse('RULE_INVALID', 'The required attribute "condition" is missing from "correlation".', [
      'correlation',
    ]);
  } else if (typeof value === 'string') {
    attributes.refuse(
      'condition',
      'a map such as "gte: 10"; a condition over names of rules belongs to the types "temporal" and "temporal_ordered"',
    );
  } else if (isYamlMap(value)) return value;
  else
    attributes.refuse(
      'condition',
      `a map such as "${type.startsWith('value_') ? 'field: userAgent, ' : ''}gte: 10"`,
    );
  return undefined;
}

function readFields(document: RuleDocument, value: unknown, max: number): string[] | undefined {
  if (value === undefined || value === null) {
    document.refuse(
      'RULE_INVALID',
      'The required attribute "field" is missing from "condition": whose values are looked at.',
      PLACE,
    );
    return undefined;
  }
  const fields = Array.isArray(value) ? value : [value];
  const isField = (field: unknown): field is string => typeof field === 'string' && isPath(field);
  if (fields.length > 0 && fields.length <= max && fields.every(isField)) return fields;
  const expected =
    max > 1
      ? `one to ${max} paths of fields or names of aliases`
      : 'the path of one field or the name of an alias';
  refuseKey(document, 'field', value, expected);
  return undefined;
}

function readPercentile(document: RuleDocument, value: unknown): number {
  if (value === undefined || value === null) return PERCENTILE_DEFAULT;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 100) return value;
  refuseKey(document, 'percentile', value, 'a whole number from 0 to 100');
  return PERCENTILE_DEFAULT;
}

function refuseKey(document: RuleDocument, key: string, value: unknown, expected: string): void {
  document.refuse('RULE_INVALID', `"${key}": expected ${expected}, found ${kindOf(value)}.`, [...PLACE, key]);
}

function readTemporal(
  document: RuleDocument,
  attributes: AttributeReader,
  type: 'temporal' | 'temporal_ordered',
  references: readonly { readonly label: string }[],
): ConditionDraft | undefined {
  const value = attributes.value('condition');
  if (value === undefined || value === null) {
    return (rules) => ({ type, condition: { expression: allRules(rules) } });
  }
  if (typeof value === 'string') {
    return (rules) => {
      const condition = readExpression(document, value, type, references, rules);
      return condition && { type, condition };
    };
  }
  if (!isYamlMap(value)) {
    attributes.refuse('condition', 'a map such as "gte: 2", or a condition over names of rules');
    return undefined;
  }
  const count = references.length;
  const threshold = readThreshold(document, value, 'count', count);
  // Every rule: for a sequence the one count of which it is known how it begins.
  const isAll = threshold && threshold.neq === undefined && lowest(threshold) === count;
  return (
    threshold && ((rules) => ({ type, condition: isAll ? { expression: allRules(rules) } : { threshold } }))
  );
}

function lowest({ gt, gte, eq }: Threshold): number {
  return Math.max(gt === undefined ? 0 : gt + 1, gte ?? 0, eq ?? 0);
}

/** The words of a condition over names that are names, in their order. */
export function conditionWords(condition: string): string[] {
  const words = condition.match(/[\w.*-]+/g) ?? [];
  return [...new Set(words)].filter((word) => !/^(?:and|or|not)$/i.test(word));
}

/** Reads pySigma's extended condition of a temporal correlation: it names every rule of the correlation. */
function readExpression(
  document: RuleDocument,
  text: string,
  type: 'temporal' | 'temporal_ordered',
  references: readonly { readonly label: string }[],
  rules: readonly string[],
): RuleCondition | undefined {
  const named = new Map(
    references.map(({ label }, index): [string, RuleNamed] => [label, { kind: 'item', rule: rules[index]! }]),
  );
  try {
    const { expression, used } = parseCondition(text, named, { one: 'rule', of: 'correlation' });
    const unused = references.find(({ label }) => !used.has(label));
    if (unused) {
      document.refuse(
        'RULE_INVALID',
        `The condition does not name "${unused.label}". Name it, or take it out of "rules".`,
        PLACE,
      );
      return undefined;
    }
    const ways = waysOf(expression, rules);
    if (type === 'temporal_ordered' && !ways) {
      document.refuse(
        'RULE_INVALID',
        `The condition holds in more than ${WAYS_MAX} ways. Write several correlations.`,
        PLACE,
      );
      return undefined;
    }
    if (ways?.length === 0) {
      document.refuse('RULE_INVALID', 'Nothing meets the condition: it contradicts itself.', PLACE);
      return undefined;
    }
    return { expression };
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    document.refuse('RULE_INVALID', error.message, PLACE, 'value', error.offset);
    return undefined;
  }
}
