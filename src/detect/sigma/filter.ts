import type { RuleDocument } from './document.ts';
import { type Expression, hasNegation } from './expression.ts';
import { covers } from './logsource.ts';
import { FILTER_ATTRIBUTES } from './metadata.ts';
import { AttributeReader, isYamlMap } from './reader.ts';
import type { References } from './references.ts';
import type { RuleDraft } from './rule.ts';
import { readSearch, type Search } from './search.ts';
import { suggestion } from './suggest.ts';

/** Stands for every rule of the filter's log source, in the place of a list of rules (Sigma 2.2). */
const ANY = 'any';

/** Rules by id and name. */
type Known = Pick<References, 'find' | 'names'>;

/** A filter before the rules that it names are known. */
export interface FilterDraft extends Search {
  readonly document: RuleDocument;
  /** Ids and names of rules, or `any`. */
  readonly rules: readonly string[] | typeof ANY;
}

/** Sigma filters specification. `undefined` if anything in the document was refused. */
export function readFilter(document: RuleDocument): FilterDraft | undefined {
  const rules = readRules(document);
  const search = readSearch(document, 'filter', FILTER_ATTRIBUTES);
  if (!search || !rules) return undefined;
  if (!hasNegation(search.expression)) {
    document.warn(
      search.metadata.id,
      'narrows its rules to what its condition matches. To leave that out, write "not" before it.',
      document.where(['filter', 'condition']),
    );
  }
  return { document, rules, ...search };
}

function readRules(document: RuleDocument): FilterDraft['rules'] | undefined {
  const { filter } = document.top;
  if (!isYamlMap(filter)) return undefined;
  if (filter.rules === ANY) return ANY;
  const attributes = new AttributeReader(document, filter, ['filter']);
  const rules = attributes.texts('rules');
  if (rules.length > 0) return rules;
  attributes.refuse('rules', 'a list of ids or names of rules');
  return undefined;
}

/** The conditions to add to each rule, by the rule's id. A name that no rule has is refused. */
export function planFilters(
  filters: readonly FilterDraft[],
  rules: readonly RuleDraft[],
  known: Known,
): ReadonlyMap<string, readonly Expression[]> {
  const plan = new Map<string, Expression[]>();
  for (const filter of filters) {
    const named = filter.rules === ANY ? undefined : resolve(filter.document, filter.rules, known);
    if (!filter.applies) continue;
    for (const { metadata, logsource } of rules) {
      if (named && !named.has(metadata.id)) continue;
      if (covers(filter.logsource, logsource)) {
        plan.set(metadata.id, [...(plan.get(metadata.id) ?? []), filter.expression]);
      } else if (named) {
        filter.document.warn(
          filter.metadata.id,
          `does not concern the rule "${metadata.title}": its log source is another.`,
          filter.document.where(['logsource']),
        );
      }
    }
  }
  return plan;
}

function resolve(document: RuleDocument, references: readonly string[], known: Known): Set<string> {
  const ids = new Set<string>();
  for (const [index, reference] of references.entries()) {
    const found = known.find(reference);
    if (typeof found === 'object' && found.kind === 'rule') ids.add(found.id);
    else
      document.refuse('RULE_REFERENCE_UNKNOWN', whyNot(reference, found, known), ['filter', 'rules', index]);
  }
  return ids;
}

function whyNot(reference: string, found: ReturnType<Known['find']>, { names }: Known): string {
  if (found === undefined) return `No rule has the id or name "${reference}".${suggestion(reference, names)}`;
  if (found === 'refused') return `The rule "${reference}" was refused; its own problem is named apart.`;
  return `"${reference}" is a correlation. Name the rules that it refers to.`;
}
