import { readAbsence } from './absence.ts';
import { readAliases } from './correlation-aliases.ts';
import { conditionWords, readCondition } from './correlation-condition.ts';
import type { Place, RuleDocument } from './document.ts';
import { isPath } from './event.ts';
import { whyAbsent } from './fields.ts';
import { mappedField } from './mapping.ts';
import { CORRELATION_ATTRIBUTES, readMetadata } from './metadata.ts';
import { type CorrelationRule, type CorrelationType, isOwnType, type RuleMetadata } from './model.ts';
import { readValueFields } from './new-value.ts';
import { AttributeReader, isYamlMap, kindOf, type YamlMap } from './reader.ts';
import type { References } from './references.ts';
import { suggestion } from './suggest.ts';

const TYPES: readonly CorrelationType[] = [
  'event_count',
  'value_count',
  'temporal',
  'temporal_ordered',
  'value_sum',
  'value_avg',
  'value_percentile',
  'value_median',
  'new_value',
  'absence',
];

/** Rules that one correlation may refer to; of a sequence each costs a look at all before it. */
const RULES_MAX = 500;
const STEPS_MAX = 20;

const KEYS = ['type', 'rules', 'group-by', 'field', 'timespan', 'condition', 'aliases', 'generate'];

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const TIMESPAN = /^(\d{1,6})([smhd])$/;

/** A rule by the name or id that a correlation calls it, and where it does so. */
interface Reference {
  readonly label: string;
  readonly place: Place;
}

/** What a correlation says before the rules that it refers to are known. */
export interface CorrelationDraft {
  readonly document: RuleDocument;
  readonly metadata: RuleMetadata;
  readonly references: readonly Reference[];
  /** `undefined` if anything in the document was refused. What it refers to must have been resolved before. */
  resolve(known: References): CorrelationRule | undefined;
}

/** Reads a correlation (Sigma correlation rules specification) up to what its rules have to say. */
export function readCorrelation(document: RuleDocument): CorrelationDraft {
  const metadata = readMetadata(document, CORRELATION_ATTRIBUTES);
  const { correlation } = document.top;
  if (!isYamlMap(correlation)) {
    document.refuse('RULE_INVALID', `"correlation": expected a map, found ${kindOf(correlation)}.`, [
      'correlation',
    ]);
    return { document, metadata, references: [], resolve: () => undefined };
  }
  refuseOtherKeys(document, correlation);
  const attributes = new AttributeReader(document, correlation, ['correlation']);
  if (!attributes.has('type')) missing(document, 'type');
  const type = attributes.oneOf('type', TYPES);
  const references = readReferences(document, attributes, type);
  const nameOf = (name: string) => fieldsOf(document, correlation, name);
  const groupBy = attributes.texts('group-by').flatMap(nameOf);
  if (!groupBy.every(isPath)) attributes.refuse('group-by', 'paths of fields or names of aliases');
  const timespanMs = readTimespan(document, attributes);
  const generate =
    (attributes.truth('generate') ?? false) ||
    (new AttributeReader(document, document.top).truth('generate') ?? false);
  const condition = readSpecific();
  return {
    document,
    metadata,
    references,
    resolve(known) {
      const rules = references.flatMap(
        (reference) => resolveReference(document, known, type, reference) ?? [],
      );
      refuseRepeats(document, rules, references);
      const specific = document.sound ? condition?.(rules) : undefined;
      if (!specific || !document.sound) return undefined;
      const named = [...groupBy, ...('fields' in specific ? specific.fields : [])];
      const aliases = readAliases(document, correlation, known, rules, named, metadata.id);
      if (!document.sound) return undefined;
      const rule = { ...metadata, rules, groupBy, aliases, timespanMs, generate, ...specific };
      warnOfAbsent(document, rule, named, known);
      return rule;
    },
  };

  function readSpecific() {
    if (type === 'new_value') return readValueFields(document, attributes, timespanMs);
    if (type === 'absence') return readAbsence(attributes, timespanMs);
    return type && readCondition(document, attributes, type, references, (name) => nameOf(name)[0]!);
  }
}

function refuseOtherKeys(document: RuleDocument, correlation: YamlMap): void {
  for (const key of Object.keys(correlation)) {
    if (KEYS.includes(key)) continue;
    document.refuse(
      'RULE_INVALID',
      `"${key}" is not an attribute of a correlation.${suggestion(key, KEYS)}`,
      ['correlation', key],
    );
  }
}

/** The fields that a name stands for, unless it is that of an alias. */
function fieldsOf(document: RuleDocument, { aliases }: YamlMap, name: string): readonly string[] {
  return isYamlMap(aliases) && Object.hasOwn(aliases, name) ? [name] : mappedField(document, name).fields;
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

/** As written; with a condition over names, the rules may be left out, and are those that it names. */
function readReferences(
  document: RuleDocument,
  attributes: AttributeReader,
  type: CorrelationType | undefined,
): Reference[] {
  const condition = attributes.value('condition');
  const isTemporal = type === 'temporal' || type === 'temporal_ordered';
  if (!attributes.has('rules')) {
    if (isTemporal && typeof condition === 'string')
      return conditionWords(condition).map((label) => ({ label, place: ['correlation', 'condition'] }));
    missing(document, 'rules');
    return [];
  }
  const labels = attributes.texts('rules');
  const max = type === 'temporal_ordered' ? STEPS_MAX : RULES_MAX;
  if (labels.length === 0 || labels.length > max) {
    attributes.refuse('rules', `a list of ids or names of rules, at most ${max}`);
  } else if (type === 'temporal_ordered' && labels.length < 2 && typeof condition !== 'string') {
    attributes.refuse('rules', 'at least two rules, in the order in which they are to occur');
  }
  return labels.map((label, index) => ({ label, place: ['correlation', 'rules', index] }));
}

function missing(document: RuleDocument, key: string): void {
  document.refuse('RULE_INVALID', `The required attribute "${key}" is missing from "correlation".`, [
    'correlation',
  ]);
}

function resolveReference(
  document: RuleDocument,
  known: References,
  type: CorrelationType | undefined,
  { label, place }: Reference,
): string | undefined {
  const found = known.find(label);
  if (found === undefined || found === 'refused') {
    document.refuse(
      'RULE_REFERENCE_UNKNOWN',
      found
        ? `The rule "${label}" was refused; its own problem is named apart.`
        : `No rule has the id or name "${label}".${suggestion(label, known.names)}`,
      place,
    );
    return undefined;
  }
  const referred = known.correlation(found.id);
  if (referred && (isOwnType(type) || isOwnType(referred.type))) {
    document.refuse(
      'RULE_UNSUPPORTED',
      isOwnType(type)
        ? `A correlation of type "${type}" looks at matches of rules; "${label}" is a correlation. Name the rules that it refers to.`
        : `The correlation "${label}" is of type "${referred.type}", which no other correlation sees. Name the rules that it refers to.`,
      place,
    );
    return undefined;
  }
  return found.id;
}

function refuseRepeats(
  document: RuleDocument,
  rules: readonly string[],
  references: readonly Reference[],
): void {
  for (const [index, id] of rules.entries()) {
    if (rules.indexOf(id) === index) continue;
    document.refuse(
      'RULE_INVALID',
      `The rule "${id}" stands twice. Every rule counts once.`,
      references[index]!.place,
    );
  }
}

function warnOfAbsent(
  document: RuleDocument,
  { id, aliases, rules, groupBy, type }: CorrelationRule,
  named: readonly string[],
  known: References,
): void {
  for (const field of named) {
    if (aliases.has(field) || isAliasBelow(field, rules, known)) continue;
    const why = whyAbsent(field);
    if (!why) continue;
    const [place, what] = groupBy.includes(field)
      ? ([['correlation', 'group-by'], 'groups by'] as const)
      : ([['correlation', ...(type === 'new_value' ? [] : ['condition']), 'field'], 'looks at'] as const);
    document.warn(id, `${what} nothing: ${why}`, document.where(place));
  }
}

/** An alias of a correlation may be used by those that refer to it. */
function isAliasBelow(field: string, rules: readonly string[], known: References): boolean {
  return rules.some((id) => {
    const referred = known.correlation(id);
    return referred && (referred.aliases.has(field) || isAliasBelow(field, referred.rules, known));
  });
}
