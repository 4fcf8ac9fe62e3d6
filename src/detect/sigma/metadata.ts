import { contentId } from '../../record/record.ts';
import type { RuleDocument } from './document.ts';
import { LEVELS, type RuleMetadata, STATUSES } from './model.ts';
import { AttributeReader, isYamlMap, kindOf, type YamlMap } from './reader.ts';
import { near } from './suggest.ts';

/** Attributes of the specification that every kind of document may have. */
const COMMON = [
  'title',
  'id',
  'name',
  'related',
  'taxonomy',
  'status',
  'description',
  'license',
  'references',
  'author',
  'date',
  'modified',
  'tags',
  'falsepositives',
  'level',
  'scope',
] as const;

export const RULE_ATTRIBUTES: readonly string[] = [...COMMON, 'logsource', 'detection', 'fields'];
export const FILTER_ATTRIBUTES: readonly string[] = [...COMMON, 'logsource', 'filter'];
export const CORRELATION_ATTRIBUTES: readonly string[] = [...COMMON, 'correlation', 'generate'];

/** What a related rule can be. */
const RELATIONS: readonly unknown[] = ['correlation', 'derived', 'obsolete', 'merged', 'renamed', 'similar'];

const TITLE_CHARACTERS_MAX = 256;
const DESCRIPTION_CHARACTERS_MAX = 65_535;

/** Sigma rules specification, "Components": everything but what the rule looks for. Refuses what has the wrong type. */
export function readMetadata(document: RuleDocument, known: readonly string[]): RuleMetadata {
  const attributes = new AttributeReader(document, document.top);
  if ((attributes.value('title') ?? null) === null) {
    document.refuse('RULE_INVALID', 'The required attribute "title" is missing.', []);
  }
  const title = attributes.text('title', TITLE_CHARACTERS_MAX) ?? '';
  const id = attributes.text('id', TITLE_CHARACTERS_MAX) ?? derivedId(document.file, title);
  const name = attributes.text('name', TITLE_CHARACTERS_MAX);
  const status = attributes.oneOf('status', STATUSES);
  const description = attributes.text('description', DESCRIPTION_CHARACTERS_MAX);
  const author = attributes.text('author', DESCRIPTION_CHARACTERS_MAX);
  const date = attributes.text('date', TITLE_CHARACTERS_MAX);
  const modified = attributes.text('modified', TITLE_CHARACTERS_MAX);
  attributes.text('license', TITLE_CHARACTERS_MAX);
  attributes.texts('scope');
  checkRelated(document, attributes, id);
  const taxonomy = attributes.text('taxonomy', TITLE_CHARACTERS_MAX);
  if (taxonomy !== undefined && taxonomy !== 'sigma') {
    document.refuse(
      'RULE_UNSUPPORTED',
      `The taxonomy "${taxonomy}" is not known; fields must be named as the audit event names them.`,
      ['taxonomy'],
    );
  }
  return {
    id,
    ...(name !== undefined && { name }),
    title,
    ...(status && { status }),
    level: attributes.oneOf('level', LEVELS) ?? 'medium',
    ...(description !== undefined && { description }),
    references: attributes.texts('references'),
    ...(author !== undefined && { author }),
    ...(date !== undefined && { date }),
    ...(modified !== undefined && { modified }),
    tags: attributes.texts('tags'),
    falsepositives: attributes.texts('falsepositives'),
    custom: customAttributes(document, id, known),
    file: document.file,
    where: document.where([]),
  };
}

/** Sigma rules specification, "Identification". A relation of an older version says nothing wrong of what the rule looks for. */
function checkRelated(document: RuleDocument, attributes: AttributeReader, rule: string): void {
  const related = attributes.value('related') ?? [];
  const isEntry = (entry: unknown): entry is YamlMap => isYamlMap(entry) && typeof entry.id === 'string';
  if (!Array.isArray(related) || !related.every(isEntry)) {
    attributes.refuse('related', 'a list of maps with "id" and "type"');
    return;
  }
  for (const [index, { type }] of related.entries()) {
    if (RELATIONS.includes(type)) continue;
    document.warn(
      rule,
      `"type" of a related rule is one of ${RELATIONS.join(', ')}; found ${kindOf(type)}.`,
      document.where(['related', index, 'type']),
    );
  }
}

/** Stable as long as title and file keep their names; the folder does not count, because it differs between machines. */
function derivedId(file: string, title: string): string {
  return contentId('sigma-rule', file.split(/[/\\]/).at(-1)!, title);
}

function customAttributes(
  document: RuleDocument,
  id: string,
  known: readonly string[],
): Record<string, unknown> {
  const custom: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(document.top)) {
    if (known.includes(key)) continue;
    // Not by assignment, which would take a key named __proto__ for the prototype.
    Object.defineProperty(custom, key, { value, enumerable: true, configurable: true, writable: true });
    const meant = near(key, known);
    if (meant !== undefined) {
      document.warn(
        id,
        `"${key}" is kept as an attribute of your own; Sigma calls its attribute "${meant}".`,
        document.where([key]),
      );
    }
  }
  return custom;
}
