import type { RuleDocument } from './document.ts';
import { isPath } from './event.ts';
import { allOf, type Expression, oneOf } from './expression.ts';
import { isField } from './fields.ts';
import { EQUALS, type Item } from './item.ts';
import { covers, statedSource } from './logsource.ts';
import type { LogSource } from './model.ts';
import { ANY_ONE, type Pattern } from './pattern.ts';

/** Names that rules written for another layout have for fields of events: a processing pipeline of pySigma that only renames. */
export interface Mapping {
  readonly name: string;
  readonly file: string;
  /** The lowest comes first; each renames what the ones before it have made. */
  readonly priority: number;
  readonly transformations: readonly Transformation[];
}

/** One step of a mapping: other names for some fields, in the rules and items that it is for. */
export interface Transformation {
  /** Log sources of the rules that it is for; all must cover that of a rule. */
  readonly logsources: readonly LogSource[];
  /** What must hold of a detection item, all of it. */
  readonly conditions: readonly ItemCondition[];
  /** The fields that one stands for; none if the step does not know it. */
  targets(field: string): readonly string[];
}

/** `match_string` of pySigma. */
export interface ItemCondition {
  readonly quantity: 'any' | 'all';
  holds(text: string): boolean;
}

/** What mappings make of a field. */
export interface MappedField {
  readonly fields: readonly string[];
  /** The mappings that had a name for it; empty if the field is as written. */
  readonly by: readonly Mapping[];
}

/**
 * What the mappings of a rule's document make of a field.
 * @param item in which the field stands; of one that stands elsewhere no condition on items can hold
 */
export function mappedField(document: RuleDocument, field: string, item?: Item): MappedField {
  const logsource = statedSource(document.top);
  const by = new Set<Mapping>();
  let fields: readonly string[] = [field];
  for (const mapping of document.mappings) {
    for (const { logsources, conditions, targets } of mapping.transformations) {
      if (!logsources.every((source) => covers(source, logsource))) continue;
      if (!conditions.every((condition) => item && meets(condition, item))) continue;
      fields = fields.flatMap((name) => {
        // What events have is what the rule means, unless it is said of which items it is not.
        const renamed = conditions.length === 0 && isField(name) ? [] : targets(name).filter(isPath);
        if (renamed.length === 0) return name;
        by.add(mapping);
        return renamed;
      });
    }
  }
  return { fields: [...new Set(fields)], by: [...by] };
}

/** What was made of a field, for people. */
export function sayMapped(field: string, { fields, by }: MappedField): string {
  const mappings = by.map(({ name, file }) => `"${name}" (${file})`);
  return `"${field}" is read as ${fields.join(', ')}: mapping ${mappings.join(', ')}.`;
}

function meets({ quantity, holds }: ItemCondition, { terms, comparison }: Item): boolean {
  const values = terms.flatMap((term) =>
    term.kind === 'text' ? term.alternatives.map(writtenForm) : undefined,
  );
  const test = (text: string | undefined) => comparison === EQUALS && text !== undefined && holds(text);
  return quantity === 'any' ? values.some(test) : values.every(test);
}

/** A pattern as a rule writes it, the wildcards of its modifiers among them. */
function writtenForm(parts: Pattern): string {
  return parts.map((part) => (typeof part === 'string' ? part : part === ANY_ONE ? '?' : '*')).join('');
}

/**
 * An item of a field that is one of several: any of them will do. What says that something is not there, or is not so, must hold of all of
 * them.
 */
export function linkedItems(
  item: Item,
  fields: readonly string[],
  node: (item: Item) => Expression,
): Expression {
  const nodes = (one: Item) => fields.map((field) => node({ ...one, field }));
  const nulls = item.terms.filter((term) => term.kind === 'null');
  const others = item.terms.filter((term) => term.kind !== 'null');
  if (fields.length === 1 || nulls.length === 0)
    return isAbsence(item) ? allOf(nodes(item)) : oneOf(nodes(item));
  if (item.negated || others.length === 0) return allOf(nodes(item));
  return oneOf([allOf(nodes({ ...item, terms: nulls })), ...nodes({ ...item, terms: others })]);
}

function isAbsence({ comparison, negated, terms: [term] }: Item): boolean {
  return negated || (comparison.name === 'exists' && term?.kind === 'boolean' && !term.value);
}
