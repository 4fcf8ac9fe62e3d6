import type { RuleDocument } from './document.ts';
import { allOf, compileExpression, type Expression, itemsOf } from './expression.ts';
import { RULE_ATTRIBUTES } from './metadata.ts';
import type { SigmaRule } from './model.ts';
import { AttributeReader } from './reader.ts';
import { readSearch, type Search } from './search.ts';

/** A rule before the filters that name it are known. */
export interface RuleDraft extends Search {
  readonly fields: readonly string[];
}

/** Sigma rules specification. `undefined` if anything in the document was refused. */
export function readRule(document: RuleDocument): RuleDraft | undefined {
  const fields = new AttributeReader(document, document.top).texts('fields');
  const search = readSearch(document, 'detection', RULE_ATTRIBUTES);
  return search && { fields, ...search };
}

/** The rule, to which the conditions of its filters are added. */
export function compileRule(
  { metadata, logsource, applies, fields, expression }: RuleDraft,
  filters: readonly Expression[],
): SigmaRule {
  const whole = allOf([expression, ...filters]);
  return {
    ...metadata,
    logsource,
    applies,
    fields,
    items: Array.from(itemsOf(whole), ({ item }) => item),
    expression: whole,
    matches: applies ? compileExpression(whole) : () => false,
  };
}
