import { ConditionError, parseCondition } from './condition.ts';
import type { Place, RuleDocument } from './document.ts';
import { isPath, PATH_SEGMENTS_MAX } from './event.ts';
import { allOf, type Expression, oneOf } from './expression.ts';
import { whyNever } from './fields.ts';
import { compileItem, EQUALS, type Item, termOf } from './item.ts';
import { linkedItems, mappedField, sayMapped } from './mapping.ts';
import { FIELDREF } from './modifiers/fieldref.ts';
import { applyModifiers } from './modifiers/registry.ts';
import { CONTAINS } from './modifiers/text.ts';
import { isYamlMap, kindOf } from './reader.ts';
import { invalid, Refusal } from './refusal.ts';
import { suggestion } from './suggest.ts';

/** Names that the condition's own words take. */
const RESERVED = new Set(['and', 'or', 'not', 'of', 'them']);

const IDENTIFIER = /^[\w.-]+$/;

export interface Detection {
  readonly expression: Expression;
  /** Search identifiers that no condition reads. */
  readonly unused: readonly string[];
}

/** What stands beside search identifiers, in a rule's detection and in a filter. */
const BESIDE = { detection: ['condition', 'timeframe'], filter: ['condition', 'rules'] } as const;

type Section = keyof typeof BESIDE;

/** Sigma rules specification, "Detection", which filters have under another name. `undefined` if anything in it was refused. */
export function readDetection(document: RuleDocument, section: Section): Detection | undefined {
  const detection = document.top[section];
  if (!isYamlMap(detection)) {
    document.refuse(
      'RULE_INVALID',
      `"${section}": expected a map of search identifiers and a condition, found ${kindOf(detection)}.`,
      [section],
    );
    return undefined;
  }
  if (section === 'detection' && Object.hasOwn(detection, 'timeframe')) {
    document.refuse(
      'RULE_INVALID',
      'Sigma 2 has no "timeframe". Write a correlation rule with a "timespan".',
      [section, 'timeframe'],
    );
  }
  const identifiers = new Map<string, Expression>();
  let complete = true;
  for (const [name, definition] of Object.entries(detection)) {
    if ((BESIDE[section] as readonly string[]).includes(name)) continue;
    const place = [section, name];
    if (!IDENTIFIER.test(name) || RESERVED.has(name.toLowerCase())) {
      document.refuse(
        'RULE_INVALID',
        `"${name}" cannot name a search identifier: expected letters, digits, "_", "-" and ".", and no word of the condition's own.`,
        place,
      );
      complete = false;
      continue;
    }
    const expression = readIdentifier(document, definition, place);
    if (expression) identifiers.set(name, expression);
    else complete = false;
  }
  // With an identifier missing, faults found in the condition would be echoes of the ones already named.
  return complete ? readConditions(document, section, detection, identifiers) : undefined;
}

function readConditions(
  document: RuleDocument,
  section: Section,
  detection: Readonly<Record<string, unknown>>,
  identifiers: ReadonlyMap<string, Expression>,
): Detection | undefined {
  const place = [section, 'condition'];
  if (!Object.hasOwn(detection, 'condition')) {
    const hint = suggestion('condition', Object.keys(detection));
    document.refuse(
      'RULE_INVALID',
      `The required attribute "condition" is missing from "${section}".${hint}`,
      [section],
    );
    return undefined;
  }
  const { condition } = detection;
  // Only a rule may have several.
  const conditions: unknown[] = section === 'detection' && Array.isArray(condition) ? condition : [condition];
  const expressions: Expression[] = [];
  const unused = new Set(identifiers.keys());
  for (const [index, text] of conditions.entries()) {
    const own = Array.isArray(condition) ? [...place, index] : place;
    if (typeof text !== 'string') {
      document.refuse('RULE_INVALID', `"condition": expected a text, found ${kindOf(text)}.`, own);
      continue;
    }
    try {
      const parsed = parseCondition(text, identifiers);
      expressions.push(parsed.expression);
      for (const name of parsed.used) unused.delete(name);
    } catch (error) {
      if (!(error instanceof ConditionError)) throw error;
      document.refuse('RULE_INVALID', error.message, own, 'value', error.offset);
    }
  }
  if (conditions.length === 0)
    document.refuse('RULE_INVALID', '"condition": expected a text, found an empty list.', place);
  if (expressions.length === 0 || expressions.length < conditions.length) return undefined;
  return { expression: oneOf(expressions), unused: [...unused] };
}

/** A map is linked with AND; a list of maps with OR; values without a field are keywords (Sigma rules specification, "Lists", "Maps", "Keywords search"). */
function readIdentifier(document: RuleDocument, definition: unknown, place: Place): Expression | undefined {
  if (isYamlMap(definition)) return readMap(document, definition, place);
  if (!Array.isArray(definition)) return readItem(document, '', definition, place);
  if (definition.length > 0 && !definition.some(isYamlMap)) return readItem(document, '', definition, place);
  if (definition.length === 0) {
    document.refuse('RULE_INVALID', 'Expected at least one map or keyword, found an empty list.', place);
    return undefined;
  }
  return complete(
    definition.map((element, index) =>
      isYamlMap(element)
        ? readMap(document, element, [...place, index])
        : readItem(document, '', element, [...place, index]),
    ),
    oneOf,
  );
}

function readMap(
  document: RuleDocument,
  map: Readonly<Record<string, unknown>>,
  place: Place,
): Expression | undefined {
  const entries = Object.entries(map);
  if (entries.length === 0) {
    document.refuse('RULE_INVALID', 'Expected at least one field, found an empty map.', place);
    return undefined;
  }
  return complete(
    entries.map(([key, value]) => readItem(document, key, value, [...place, key])),
    allOf,
  );
}

function complete(
  children: readonly (Expression | undefined)[],
  link: (children: readonly Expression[]) => Expression,
): Expression | undefined {
  const present = children.filter((child) => child !== undefined);
  return present.length === children.length ? link(present) : undefined;
}

function readItem(document: RuleDocument, key: string, value: unknown, place: Place): Expression | undefined {
  try {
    const item = itemOf(key, value, document);
    const field = mappedField(document, item.field, item);
    const where = document.where(place);
    const mapped = field.by.length > 0 ? sayMapped(item.field, field) : undefined;
    return linkedItems(item, field.fields, (one) => {
      const never = whyNever(one);
      const test = compileItem(one);
      return {
        kind: 'item',
        item: one,
        test,
        where,
        ...(never !== undefined && { never }),
        ...(mapped && { mapped }),
      };
    });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.blame === 'key') document.refuse(error.code, error.message, place);
    else if (Array.isArray(value))
      document.refuse(error.code, error.message, [...place, error.blame], 'value');
    else document.refuse(error.code, error.message, place, 'value');
    return undefined;
  }
}

/** Throws a `Refusal`. */
function itemOf(key: string, value: unknown, document: RuleDocument): Item {
  const [field = '', ...modifiers] = key.split('|');
  const written: unknown[] = Array.isArray(value) ? value : [value];
  const values = modifiers.includes(FIELDREF)
    ? written.flatMap((each) => mappedReference(document, each))
    : written;
  if (values.length === 0) throw invalid('Expected at least one value, found an empty list.');
  if (field !== '' && !isPath(field)) {
    throw invalid(`Expected a path of at most ${PATH_SEGMENTS_MAX} segments.`);
  }
  const terms = values.map(termOf);
  if (field === '') {
    const nothing = terms.findIndex(
      (term) => term.kind === 'null' || (term.kind === 'text' && term.source === ''),
    );
    if (nothing >= 0) throw invalid('Expected a keyword, found nothing.', nothing);
  }
  const item = applyModifiers(
    {
      field,
      terms,
      comparison: EQUALS,
      linking: 'or',
      cased: false,
      negated: false,
      every: false,
      applied: [],
      lists: document.lists,
      emptyLists: [],
    },
    modifiers,
  );
  return field === '' && item.comparison === EQUALS && !modifiers.includes(CONTAINS.name)
    ? CONTAINS.apply(item)
    : item;
}

/** The fields that a value refers to. */
function mappedReference(document: RuleDocument, value: unknown): readonly unknown[] {
  return typeof value === 'string' ? mappedField(document, value).fields : [value];
}
