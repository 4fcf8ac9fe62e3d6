import { type CorrelationDraft, type Referable, type References, readCorrelation } from './correlation.ts';
import { type RuleDocument, readDocuments, type Sink } from './document.ts';
import type { CorrelationRule, RuleFile, RuleMetadata, RuleSet, SigmaRule } from './model.ts';
import { readRule } from './rule.ts';
import { fold } from './value.ts';

/** Kinds of document that Sigma knows and that are not evaluated, by the attribute that tells them. */
const UNSUPPORTED_DOCUMENTS: Readonly<Record<string, string>> = {
  filter: 'Sigma filters are not evaluated. Write the exclusion into the rules that it names.',
  action: 'Rule collections ("action: global") are not evaluated. Write every rule in full.',
};

/**
 * Reads and compiles files of Sigma rules, several documents a file. A document with a fault is left out and every
 * fault of it named; the rest is complete. The result depends on the files and their order only.
 */
export function parseRules(files: readonly RuleFile[]): RuleSet {
  const sink: Sink = { problems: [], warnings: [] };
  const registry = new Registry();
  const rules: SigmaRule[] = [];
  const drafts: CorrelationDraft[] = [];
  for (const file of files) {
    for (const document of readDocuments(file, sink)) {
      const draft = readOne(document, registry, rules);
      if (draft) drafts.push(draft);
    }
  }
  const correlations = drafts
    .map((draft) => draft.resolve(registry))
    .filter((correlation) => correlation !== undefined);
  return {
    rules,
    correlations,
    silent: silentRules(correlations),
    problems: sink.problems,
    warnings: sink.warnings,
  };
}

function readOne(
  document: RuleDocument,
  registry: Registry,
  rules: SigmaRule[],
): CorrelationDraft | undefined {
  const { top } = document;
  if (Object.hasOwn(top, 'correlation')) {
    const draft = readCorrelation(document);
    registry.add(document, draft.metadata, 'correlation');
    return draft;
  }
  for (const [key, message] of Object.entries(UNSUPPORTED_DOCUMENTS)) {
    if (Object.hasOwn(top, key) && !Object.hasOwn(top, 'detection')) {
      document.refuse('RULE_UNSUPPORTED', message, [key]);
      return undefined;
    }
  }
  const rule = readRule(document);
  if (!rule) registry.addRefused(top);
  else if (registry.add(document, rule, 'rule')) rules.push(rule);
  return undefined;
}

/** A rule is heard only through its correlations unless one of them asks otherwise (Sigma correlation rules specification, "Generate"). */
function silentRules(correlations: readonly CorrelationRule[]): ReadonlySet<string> {
  const silent = new Set(correlations.flatMap(({ rules }) => rules));
  for (const { generate, rules } of correlations) {
    if (generate) for (const id of rules) silent.delete(id);
  }
  return silent;
}

/** Ids and names of everything read so far. */
class Registry implements References {
  readonly #ids = new Map<string, Referable & { readonly where: string }>();
  readonly #byName = new Map<string, Referable & { readonly where: string }>();
  readonly #refused = new Set<string>();

  /** False, and a problem of the document, if its id or name is taken. */
  add(document: RuleDocument, { id, name, where }: RuleMetadata, kind: Referable['kind']): boolean {
    const entry = { id, kind, where };
    const sameId = this.#ids.get(fold(id));
    const sameName = name === undefined ? undefined : this.#byName.get(fold(name));
    if (sameId) {
      document.refuse(
        'RULE_DUPLICATE_ID',
        `The id "${id}" is also that of the rule at ${sameId.where}.`,
        ['id'],
        'value',
      );
    } else this.#ids.set(fold(id), entry);
    if (sameName) {
      document.refuse(
        'RULE_INVALID',
        `The name "${name}" is also that of the rule at ${sameName.where}.`,
        ['name'],
        'value',
      );
    } else if (name !== undefined && !sameId) this.#byName.set(fold(name), entry);
    return !sameId && !sameName;
  }

  addRefused(top: Readonly<Record<string, unknown>>): void {
    for (const label of [top.id, top.name]) if (typeof label === 'string') this.#refused.add(fold(label));
  }

  find(reference: string): Referable | 'refused' | undefined {
    const key = fold(reference);
    return this.#ids.get(key) ?? this.#byName.get(key) ?? (this.#refused.has(key) ? 'refused' : undefined);
  }

  get names(): string[] {
    return [...this.#byName.keys(), ...this.#ids.keys()];
  }
}
