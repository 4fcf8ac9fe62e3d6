import { type Comparison, EQUALS, type Item, type TextTerm } from '../item.ts';
import { ANY_MANY, ANY_ONE, type Pattern } from '../pattern.ts';
import { invalid } from '../refusal.ts';

/** One value modifier (Sigma modifiers appendix 2.1.0). They are applied in the order written. */
export interface Modifier {
  readonly name: string;
  /** Whether it means anything for a keyword search, which has no field. */
  readonly forKeywords: boolean;
  /** The item with the modifier applied; throws a `Refusal` where that makes no sense. */
  apply(item: Item): Item;
}

/** Modifiers that say something of the item as a whole and may stand anywhere. */
const ANYWHERE = new Set(['all', 'cased', 'neq', 'expand', 'every']);

/** Gives the item another comparison, which is possible only while its values are as written. */
export function withComparison(item: Item, comparison: Comparison): Item {
  const before = item.applied.find((name) => !ANYWHERE.has(name));
  if (before !== undefined) {
    throw invalid(`The modifier "${comparison.name}" takes values as written; it cannot follow "${before}".`);
  }
  return { ...item, comparison };
}

/** Changes the texts of an item. A number is taken as its text; other values have none to change. */
export function mapTerms(
  item: Item,
  modifier: string,
  change: (term: TextTerm, index: number) => TextTerm,
): Item {
  if (item.comparison !== EQUALS) {
    throw invalid(`The modifier "${modifier}" cannot follow "${item.comparison.name}".`);
  }
  return { ...item, terms: item.terms.map((term, index) => change(textTerm(term, modifier, index), index)) };
}

/** The term as text, if it is one or a number. */
export function textTerm(term: Item['terms'][number], modifier: string, index: number): TextTerm {
  if (term.kind === 'text') return term;
  if (term.kind === 'number') {
    const text = String(term.value);
    return { kind: 'text', source: text, texts: [text], alternatives: [[text]], bytes: false };
  }
  const found = term.kind === 'null' ? 'null' : String(term.value);
  throw invalid(`The modifier "${modifier}" expects a string, found ${found}.`, index);
}

export function hasWildcards(pattern: Pattern): boolean {
  return pattern.some((part) => part === ANY_MANY || part === ANY_ONE);
}
