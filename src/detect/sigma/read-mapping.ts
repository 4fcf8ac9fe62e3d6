import { type Place, type RuleDocument, readDocuments, type Sink } from './document.ts';
import { isPath } from './event.ts';
import { isField } from './fields.ts';
import { readSource } from './logsource.ts';
import type { ItemCondition, Mapping, Transformation } from './mapping.ts';
import type { LogSource, RuleFile } from './model.ts';
import { compileRegex } from './modifiers/regex.ts';
import { AttributeReader, isYamlMap, type YamlMap } from './reader.ts';
import { Refusal } from './refusal.ts';
import { suggestion } from './suggest.ts';

const NAME_CHARACTERS_MAX = 256;

/** Names that one name may stand for in one transformation. */
const TARGETS_MAX = 20;

const PREFIX_MAPPING = 'field_name_prefix_mapping';
const TYPES = ['field_name_mapping', PREFIX_MAPPING] as const;

/**
 * Reads files of field mappings: processing pipelines of pySigma, as far as they rename fields (pySigma documentation, "Processing
 * Pipelines"). A document with a fault is left out and every fault of it named.
 * @returns the mappings in the order in which they apply
 */
export function readMappings(files: readonly RuleFile[], sink: Sink): Mapping[] {
  const nothing = { lists: new Map(), mappings: [] };
  return files
    .flatMap((file) => readDocuments(file, nothing, sink))
    .flatMap((document) => readMapping(document) ?? [])
    .toSorted((a, b) => a.priority - b.priority);
}

function readMapping(document: RuleDocument): Mapping | undefined {
  const { top, file } = document;
  const attributes = readerOf(document, top, [], ['name', 'priority', 'transformations']);
  const name = attributes.text('name', NAME_CHARACTERS_MAX) ?? file;
  const priority = attributes.value('priority') ?? 0;
  if (typeof priority !== 'number') attributes.refuse('priority', 'a number');
  if (!attributes.has('transformations')) attributes.refuse('transformations', 'a list of maps');
  const transformations = mapsIn(attributes, 'transformations', []).map(([map, place]) =>
    readTransformation(document, map, place),
  );
  return document.sound ? { name, file, priority: Number(priority), transformations } : undefined;
}

function readTransformation(document: RuleDocument, map: YamlMap, place: Place): Transformation {
  const known = ['id', 'type', 'mapping', 'rule_conditions', 'detection_item_conditions'];
  const attributes = readerOf(document, map, place, known);
  attributes.text('id', NAME_CHARACTERS_MAX);
  const type = required(attributes, 'type', TYPES);
  const logsources = mapsIn(attributes, 'rule_conditions', place).map(([condition, own]) =>
    readRuleCondition(document, condition, own),
  );
  const conditions = mapsIn(attributes, 'detection_item_conditions', place).map(([condition, own]) =>
    readItemCondition(document, condition, own),
  );
  const names = readNames(
    document,
    attributes,
    [...place, 'mapping'],
    type === PREFIX_MAPPING,
    conditions.length > 0,
  );
  return { logsources, conditions, targets: type === PREFIX_MAPPING ? byPrefix(names) : byName(names) };
}

function readRuleCondition(document: RuleDocument, map: YamlMap, place: Place): LogSource {
  const attributes = readerOf(document, map, place, ['type', 'category', 'product', 'service']);
  required(attributes, 'type', ['logsource']);
  return readSource(attributes);
}

function readItemCondition(document: RuleDocument, map: YamlMap, place: Place): ItemCondition {
  const attributes = readerOf(document, map, place, ['type', 'cond', 'pattern', 'negate']);
  required(attributes, 'type', ['match_string']);
  const quantity = required(attributes, 'cond', ['any', 'all']) ?? 'all';
  const negate = attributes.truth('negate') ?? false;
  const pattern = attributes.value('pattern');
  if (typeof pattern !== 'string') {
    attributes.refuse('pattern', 'a regular expression');
    return { quantity, holds: () => false };
  }
  try {
    // As Python's `re.match`, at the beginning of the text.
    const expression = compileRegex(`^(?:${pattern})`, 0);
    return { quantity, holds: (text) => expression.test(text) !== negate };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    document.refuse(error.code, error.message, [...place, 'pattern'], 'value');
    return { quantity, holds: () => false };
  }
}

type Names = ReadonlyMap<string, readonly string[]>;

/** The attribute `mapping`: for each name one or several others. What events have may only be renamed under conditions on the item. */
function readNames(
  document: RuleDocument,
  attributes: AttributeReader,
  place: Place,
  isPrefix: boolean,
  isConditional: boolean,
): Names {
  const mapping = attributes.value('mapping');
  if (!isYamlMap(mapping)) {
    attributes.refuse('mapping', 'a map of names');
    return new Map();
  }
  const reader = new AttributeReader(document, mapping, place);
  const names = Object.keys(mapping).map((from) => {
    const to = reader.texts(from);
    if (to.length === 0 || to.length > TARGETS_MAX)
      reader.refuse(from, `a name or a list of at most ${TARGETS_MAX} names`);
    else if (!isPrefix && !to.every(isPath)) reader.refuse(from, 'paths of fields');
    const whole = isPrefix ? from.replace(/\.$/, '') : from;
    if (from === '' || (!isConditional && isField(whole))) {
      const what = `"${from}" is of audit events themselves: to rename it would change what rules say. Say in "detection_item_conditions" when.`;
      document.refuse('RULE_INVALID', what, [...place, from]);
    }
    return [from, to] as const;
  });
  return new Map(names);
}

const byName =
  (names: Names): Transformation['targets'] =>
  (field) =>
    names.get(field) ?? [];

/** The first prefix that fits counts, as in pySigma. What follows it stays. */
function byPrefix(names: Names): Transformation['targets'] {
  return (field) => {
    const [prefix = '', others = []] = [...names].find(([each]) => field.startsWith(each)) ?? [];
    return others.map((other) => other + field.slice(prefix.length));
  };
}

/** Reads the attributes of a map that may have no others: what a pipeline asks for besides must not be passed over. */
function readerOf(
  document: RuleDocument,
  map: YamlMap,
  place: Place,
  known: readonly string[],
): AttributeReader {
  for (const key of Object.keys(map)) {
    if (known.includes(key)) continue;
    const what = `"${key}" is not evaluated in mappings of fields; only ${known.join(', ')} are.${suggestion(key, known)}`;
    document.refuse('RULE_UNSUPPORTED', what, [...place, key]);
  }
  return new AttributeReader(document, map, place);
}

function required<Word extends string>(
  attributes: AttributeReader,
  key: string,
  words: readonly Word[],
): Word | undefined {
  if ((attributes.value(key) ?? null) === null) attributes.refuse(key, `one of ${words.join(', ')}`);
  return attributes.oneOf(key, words);
}

/** The maps of a list, each with its place. */
function mapsIn(
  attributes: AttributeReader,
  key: string,
  place: Place,
): (readonly [map: YamlMap, place: Place])[] {
  const list = attributes.value(key) ?? [];
  if (!Array.isArray(list) || !list.every(isYamlMap)) {
    attributes.refuse(key, 'a list of maps');
    return [];
  }
  return list.map((map, index) => [map, [...place, key, index]] as const);
}
