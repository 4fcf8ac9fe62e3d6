import type { RuleDocument } from './document.ts';
import { isPath } from './event.ts';
import { whyAbsent } from './fields.ts';
import { mappedField } from './mapping.ts';
import { CORRELATION_ATTRIBUTES, readMetadata } from './metadata.ts';
import type { CorrelationRule, CorrelationType, CountCondition, RuleMetadata } from './model.ts';
import { readValueFields } from './new-value.ts';
import { AttributeReader, isYamlMap, kindOf, type YamlMap } from './reader.ts';
import { suggestion } from './suggest.ts';

const TYPES: readonly CorrelationType[] = ['event_count', 'temporal_ordered', 'new_value'];

/** Types of the specification and of pySigma that are not evaluated. */
const UNSUPPORTED_TYPES: readonly string[] = [
  'value_count',
  'temporal',
  'value_sum',
  'value_avg',
  'value_percentile',
  'value_median',
];

const KEYS = ['type', 'rules', 'group-by', 'field', 'timespan', 'condition', 'aliases', 'generate'];

const OPERATORS = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const;

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const TIMESPAN = /^(\d{1,6})([smhd])$/;

/** A rule that correlations may refer to. */
export interface Referable {
  readonly id: string;
  readonly kind: 'rule' | 'correlation';
}

/** Rules by id and by name, both folded. A name that was seen in a document with faults is kept with no rule. */
export interface References {
  find(reference: string): Referable | 'refused' | undefined;
  readonly names: Iterable<string>;
}

/** What a correlation says before the rules that it refers to are known. */
export interface CorrelationDraft {
  readonly document: RuleDocument;
  readonly metadata: RuleMetadata;
  resolve(references: References): CorrelationRule | undefined;
}

/** Sigma correlation rules specification. The draft resolves to `undefined` if anything in the document was refused. */
export function readCorrelation(document: RuleDocument): CorrelationDraft {
  const metadata = readMetadata(document, CORRELATION_ATTRIBUTES);
  const { correlation } = document.top;
  if (!isYamlMap(correlation)) {
    document.refuse('RULE_INVALID', `"correlation": expected a map, found ${kindOf(correlation)}.`, [
      'correlation',
    ]);
    return { document, metadata, resolve: () => undefined };
  }
  for (const key of Object.keys(correlation)) {
    if (!KEYS.includes(key)) {
      document.refuse(
        'RULE_INVALID',
        `"${key}" is not an attribute of a correlation.${suggestion(key, KEYS)}`,
        ['correlation', key],
      );
    }
  }
  const attributes = new AttributeReader(document, correlation, ['correlation']);
  const type = readType(document, attributes);
  const references = attributes.texts('rules');
  const groupBy = attributes.texts('group-by').flatMap((name) => groupFieldsOf(document, correlation, name));
  if (!groupBy.every(isPath)) attributes.refuse('group-by', 'paths of fields or names of aliases');
  const timespanMs = readTimespan(document, attributes);
  const generate =
    (attributes.truth('generate') ?? false) ||
    (new AttributeReader(document, document.top).truth('generate') ?? false);
  checkRules(document, attributes, type, references);
  const fields = readValueFields(document, attributes, type, timespanMs);
  const condition = type && readCondition(document, attributes, type, references.length);
  return {
    document,
    metadata,
    resolve(known) {
      if (!type || !condition || !document.sound) return undefined;
      const rules = references.map((reference, index) => resolveReference(document, known, reference, index));
      refuseRepeats(document, rules);
      const named = [...groupBy, ...(fields ?? [])];
      const aliases = readAliases(document, correlation, known, rules, named, metadata.id);
      if (!document.sound) return undefined;
      for (const field of named) {
        const why = aliases.has(field) ? undefined : whyAbsent(field);
        if (!why) continue;
        const [key, what] = groupBy.includes(field)
          ? (['group-by', 'groups by'] as const)
          : (['field', 'looks at'] as const);
        document.warn(metadata.id, `${what} nothing: ${why}`, document.where(['correlation', key]));
      }
      return {
        ...metadata,
        type,
        rules: rules.filter((id) => id !== undefined),
        groupBy,
        aliases,
        timespanMs,
        ...(fields && { fields }),
        condition,
        generate,
      };
    },
  };
}

/** The fields that a name in `group-by` stands for, unless it is that of an alias. */
function groupFieldsOf(document: RuleDocument, { aliases }: YamlMap, name: string): readonly string[] {
  return isYamlMap(aliases) && Object.hasOwn(aliases, name) ? [name] : mappedField(document, name).fields;
}

function readType(document: RuleDocument, attributes: AttributeReader): CorrelationType | undefined {
  const value = attributes.value('type');
  if (typeof value === 'string' && UNSUPPORTED_TYPES.includes(value)) {
    document.refuse(
      'RULE_UNSUPPORTED',
      `The correlation type "${value}" is not evaluated. Evaluated are ${TYPES.join(', ')}.`,
      ['correlation', 'type'],
    );
    return undefined;
  }
  if (!attributes.has('type')) missing(document, 'type');
  return attributes.oneOf('type', TYPES);
}

function readTimespan(document: RuleDocument, attributes: AttributeReader): number {
  if (!attributes.has('timespan')) {
    missing(document, 'timespan');
    return 0;
  }
  const value = attributes.value('timespan');
  const [, count, unit] = (typeof value === 'string' && TIMESPAN.exec(value)) || [];
  const ms = Number(count) * (UNIT_MS[unit ?? ''] ?? 0);
  if (ms > 0) return ms;
  attributes.refuse('timespan', 'a number and one of the letters s, m, h, d, for example "15m"');
  return 0;
}

function checkRules(
  document: RuleDocument,
  attributes: AttributeReader,
  type: CorrelationType | undefined,
  references: readonly string[],
): void {
  if (!attributes.has('rules')) missing(document, 'rules');
  else if (references.length === 0) attributes.refuse('rules', 'a list of ids or names of rules');
  else if (type === 'temporal_ordered' && references.length < 2) {
    attributes.refuse('rules', 'at least two rules, in the order in which they are to occur');
  }
}

function missing(document: RuleDocument, key: string): void {
  document.refuse('RULE_INVALID', `The required attribute "${key}" is missing from "correlation".`, [
    'correlation',
  ]);
}

function readCondition(
  document: RuleDocument,
  attributes: AttributeReader,
  type: CorrelationType,
  rules: number,
): CountCondition | undefined {
  const place = ['correlation', 'condition'];
  const value = attributes.value('condition');
  if (type === 'new_value') {
    if (attributes.has('condition')) attributes.refuse('condition', 'none: a new value is one that is new');
    return { gte: 1 };
  }
  if (value === undefined || value === null) {
    if (type === 'temporal_ordered') return { gte: rules };
    missing(document, 'condition');
    return undefined;
  }
  if (typeof value === 'string') {
    document.refuse('RULE_UNSUPPORTED', 'A condition over the names of rules is not evaluated.', place);
    return undefined;
  }
  if (!isYamlMap(value)) {
    attributes.refuse('condition', 'a map such as "gte: 10"');
    return undefined;
  }
  const condition = readCounts(document, value);
  if (!condition) return undefined;
  if (type === 'event_count') {
    if (lowest(condition) <= highest(condition)) return condition;
    document.refuse(
      'RULE_INVALID',
      'No count meets the condition: its lower bound is above its upper one.',
      place,
    );
    return undefined;
  }
  if (lowest(condition) === rules && highest(condition) >= rules && condition.neq === undefined)
    return { gte: rules };
  document.refuse(
    'RULE_UNSUPPORTED',
    `A "temporal_ordered" correlation is evaluated over all its rules only. Leave the condition out, or write "gte: ${rules}".`,
    place,
  );
  return undefined;
}

function readCounts(document: RuleDocument, map: YamlMap): CountCondition | undefined {
  const condition: { -readonly [Operator in keyof CountCondition]: number } = {};
  let sound = Object.keys(map).length > 0;
  if (!sound)
    document.refuse('RULE_INVALID', 'Expected a count such as "gte: 10", found an empty map.', [
      'correlation',
      'condition',
    ]);
  for (const [key, count] of Object.entries(map)) {
    const place = ['correlation', 'condition', key];
    const operator = OPERATORS.find((each) => each === key);
    if (!operator) {
      document.refuse(
        'RULE_INVALID',
        `"${key}" is not one of ${OPERATORS.join(', ')}.${suggestion(key, OPERATORS)}`,
        place,
      );
      sound = false;
    } else if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) {
      document.refuse('RULE_INVALID', `"${key}": expected a whole number, found ${kindOf(count)}.`, place);
      sound = false;
    } else condition[operator] = count;
  }
  return sound ? condition : undefined;
}

function lowest({ gt, gte, eq }: CountCondition): number {
  return Math.max(gt === undefined ? 0 : gt + 1, gte ?? 0, eq ?? 0);
}

function highest({ lt, lte, eq }: CountCondition): number {
  return Math.min(
    lt === undefined ? Number.POSITIVE_INFINITY : lt - 1,
    lte ?? Number.POSITIVE_INFINITY,
    eq ?? Number.POSITIVE_INFINITY,
  );
}

function resolveReference(
  document: RuleDocument,
  known: References,
  reference: string,
  index: number,
): string | undefined {
  const place = ['correlation', 'rules', index];
  const found = known.find(reference);
  if (found === undefined) {
    document.refuse(
      'RULE_REFERENCE_UNKNOWN',
      `No rule has the id or name "${reference}".${suggestion(reference, known.names)}`,
      place,
    );
    return undefined;
  }
  if (found === 'refused') {
    document.refuse(
      'RULE_REFERENCE_UNKNOWN',
      `The rule "${reference}" was refused; its own problem is named apart.`,
      place,
    );
    return undefined;
  }
  if (found.kind === 'correlation') {
    document.refuse(
      'RULE_UNSUPPORTED',
      `A correlation of correlations ("${reference}" is one) is not evaluated.`,
      place,
    );
    return undefined;
  }
  return found.id;
}

function refuseRepeats(document: RuleDocument, rules: readonly (string | undefined)[]): void {
  for (const [index, id] of rules.entries()) {
    if (id === undefined || rules.indexOf(id) === index) continue;
    document.refuse('RULE_INVALID', `The rule "${id}" stands twice. Every rule counts once.`, [
      'correlation',
      'rules',
      index,
    ]);
  }
}

/** Sigma correlation rules specification, "Field Name Aliases". */
function readAliases(
  document: RuleDocument,
  correlation: YamlMap,
  known: References,
  rules: readonly (string | undefined)[],
  named: readonly string[],
  id: string,
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const aliases = new Map<string, ReadonlyMap<string, string>>();
  const { aliases: written } = correlation;
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
    const byRule = new Map<string, string>();
    for (const [reference, field] of Object.entries(fields)) {
      const found = known.find(reference);
      const rule = typeof found === 'object' && rules.includes(found.id) ? found.id : undefined;
      if (rule === undefined) {
        document.refuse(
          'RULE_REFERENCE_UNKNOWN',
          `"${reference}" is not one of the rules of this correlation.`,
          [...place, reference],
        );
      } else if (typeof field !== 'string' || !isPath(field)) {
        document.refuse(
          'RULE_INVALID',
          `"${reference}": expected the path of a field, found ${kindOf(field)}.`,
          [...place, reference],
        );
      } else byRule.set(rule, mappedField(document, field).fields[0]!);
    }
    const left = rules.find((rule) => rule !== undefined && !byRule.has(rule));
    if (named.includes(alias) && left !== undefined) {
      document.refuse(
        'RULE_INVALID',
        `"${alias}" does not say which field of the rule "${left}" is meant.`,
        place,
      );
    }
    if (!named.includes(alias))
      document.warn(id, `The alias "${alias}" is not used in "group-by".`, document.where(place));
    aliases.set(alias, byRule);
  }
  return aliases;
}
