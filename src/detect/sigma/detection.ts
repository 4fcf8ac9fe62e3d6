import { ConditionError, parseCondition } from './condition.ts';
import type { Place, RuleDocument } from './document.ts';
import { isPath, PATH_SEGMENTS_MAX } from './event.ts';
import { allOf, type Expression, oneOf } from './expression.ts';
import { whyNever } from './fields.ts';
import { compileItem, EQUALS, type Item, termOf } from './item.ts';
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

/** Sigma rules specification, "Detection". `undefined` if anything in it was refused. */
export function readDetection(document: RuleDocument, detection: unknown): Detection | undefined {
  if (!isYamlMap(detection)) {
    document.refuse(
      'RULE_INVALID',
      `"detection": expected a map of search identifiers and a condition, found ${kindOf(detection)}.`,
      ['detection'],
    );
    return undefined;
  }
  if (Object.hasOwn(detection, 'timeframe')) {
    document.refuse(
      'RULE_UNSUPPORTED',
      '"timeframe" is not evaluated. Write a correlation rule with a "timespan".',
      ['detection', 'timeframe'],
    );
  }
  const identifiers = new Map<string, Expression>();
  let complete = true;
  for (const [name, definition] of Object.entries(detection)) {
    if (name === 'condition' || name === 'timeframe') continue;
    const place = ['detection', name];
    if (!IDENTIFIER.test(name) || RESERVED.has(name)) {
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
  return complete ? readConditions(document, detection, identifiers) : undefined;
}

function readConditions(
  document: RuleDocument,
  detection: Readonly<Record<string, unknown>>,
  identifiers: ReadonlyMap<string, Expression>,
): Detection | undefined {
  const place = ['detection', 'condition'];
  if (!Object.hasOwn(detection, 'condition')) {
    const hint = suggestion('condition', Object.keys(detection));
    document.refuse(
      'RULE_INVALID',
      `The required attribute "condition" is missing from "detection".${hint}`,
      ['detection'],
    );
    return undefined;
  }
  const { condition } = detection;
  const conditions: unknown[] = Array.isArray(condition) ? condition : [condition];
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
      const code = error.unsupported ? 'RULE_UNSUPPORTED' : 'RULE_INVALID';
      document.refuse(code, error.message, own, 'value', error.offset);
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
    const item = itemOf(key, value);
    const test = compileItem(item);
    const never = whyNever(item);
    return { kind: 'item', item, test, where: document.where(place), ...(never !== undefined && { never }) };
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
function itemOf(key: string, value: unknown): Item {
  const [field = '', ...modifiers] = key.split('|');
  const values: unknown[] = Array.isArray(value) ? value : [value];
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
    { field, terms, comparison: EQUALS, linking: 'or', cased: false, negated: false, applied: [] },
    modifiers,
  );
  return field === '' && item.comparison === EQUALS && !modifiers.includes(CONTAINS.name)
    ? CONTAINS.apply(item)
    : item;
}
