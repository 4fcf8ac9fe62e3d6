import type { CorrelationRule } from './model.ts';

/** A rule that correlations may refer to. */
export interface Referable {
  readonly id: string;
  readonly kind: 'rule' | 'correlation';
}

/** Rules by id and by name, both folded. */
export interface References {
  /** A label that only stands in a document with faults is of a rule that was refused. */
  find(label: string): Referable | 'refused' | undefined;
  /** The correlation of an id, once it is resolved. */
  correlation(id: string): CorrelationRule | undefined;
  readonly names: Iterable<string>;
}

/** Ids of the rules that a rule or correlation comes down to. */
export function rulesBelow(id: string, known: Pick<References, 'correlation'>): string[] {
  const referred = known.correlation(id);
  return referred ? referred.rules.flatMap((each) => rulesBelow(each, known)) : [id];
}
