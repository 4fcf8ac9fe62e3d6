import type { CorrelationDraft } from './correlation.ts';
import type { CorrelationRule } from './model.ts';
import type { Referable, References } from './references.ts';

/** Correlations that may refer to one another in a row. */
export const CHAIN_MAX = 5;

/** Ways, through correlations, in which one comes down to its rules: a match is looked at in each of them. */
export const CHAINS_MAX = 500;

/** What is known of a set of rules but for what its correlations come to. */
type Registry = Omit<References, 'correlation'>;

/**
 * Resolves correlations, those that others refer to before them. A circle of references is refused, and so is too long a row of them.
 * @returns those without fault, in that order
 */
export function resolveCorrelations(
  drafts: readonly CorrelationDraft[],
  registry: Registry,
): CorrelationRule[] {
  const resolver = new Resolver(drafts, registry);
  for (const draft of drafts) resolver.resolve(draft);
  return [...resolver.resolved.values()];
}

class Resolver implements References {
  readonly #registry: Registry;
  readonly #drafts: ReadonlyMap<string, CorrelationDraft>;
  readonly #done = new Set<CorrelationDraft>();
  /** Those being resolved, each of which refers to the next. */
  readonly #open: CorrelationDraft[] = [];
  readonly #lengths = new Map<string, number>();
  /** By id of a correlation: in how many ways it comes down to its rules. */
  readonly #chains = new Map<string, number>();
  readonly resolved = new Map<string, CorrelationRule>();

  constructor(drafts: readonly CorrelationDraft[], registry: Registry) {
    this.#registry = registry;
    // The first of an id counts: the others are refused.
    this.#drafts = new Map(drafts.map((draft) => [draft.metadata.id, draft] as const).reverse());
  }

  get names(): Iterable<string> {
    return this.#registry.names;
  }

  find(label: string): Referable | 'refused' | undefined {
    const found = this.#registry.find(label);
    const isRefused =
      typeof found === 'object' && found.kind === 'correlation' && !this.resolved.has(found.id);
    return isRefused ? 'refused' : found;
  }

  correlation(id: string): CorrelationRule | undefined {
    return this.resolved.get(id);
  }

  resolve(draft: CorrelationDraft): void {
    if (this.#done.has(draft)) return;
    this.#open.push(draft);
    let isRow = true;
    for (const { label, place } of draft.references) {
      const found = this.#registry.find(label);
      const next = typeof found === 'object' ? this.#drafts.get(found.id) : undefined;
      if (!next) continue;
      const begin = this.#open.indexOf(next);
      if (begin < 0) this.resolve(next);
      else {
        const names = [...this.#open.slice(begin), next].map(({ metadata: { name, id } }) => name ?? id);
        draft.document.refuse(
          'RULE_REFERENCE_CYCLE',
          `The correlation refers to itself: ${names.join(' → ')}.`,
          place,
        );
        isRow = false;
      }
      const length = (this.#lengths.get(next.metadata.id) ?? 0) + 1;
      if (length >= CHAIN_MAX) {
        draft.document.refuse(
          'RULE_INVALID',
          `Correlations refer to one another ${length + 1} in a row; at most ${CHAIN_MAX} may.`,
          place,
        );
        isRow = false;
      }
      const { id } = draft.metadata;
      this.#lengths.set(id, Math.max(this.#lengths.get(id) ?? 0, length));
    }
    const rule = isRow ? draft.resolve(this) : undefined;
    if (rule && this.#isNarrow(draft, rule)) this.resolved.set(rule.id, rule);
    this.#open.pop();
    this.#done.add(draft);
  }

  #isNarrow({ document }: CorrelationDraft, { id, rules }: CorrelationRule): boolean {
    const chains = rules.reduce((sum, rule) => sum + (this.#chains.get(rule) ?? 1), 0);
    this.#chains.set(id, chains);
    if (chains <= CHAINS_MAX) return true;
    document.refuse(
      'RULE_INVALID',
      `The correlation comes down to its rules in ${chains} ways, through those that it refers to; at most ${CHAINS_MAX} may be.`,
      ['correlation', 'rules'],
    );
    return false;
  }
}
