import { resolveCorrelations } from './chaining.ts';
import { type CorrelationDraft, readCorrelation } from './correlation.ts';
import { type RuleDocument, readDocuments, type Sink } from './document.ts';
import { type FilterDraft, planFilters, readFilter } from './filter.ts';
import type { CorrelationRule, Lists, RuleFile, RuleMetadata, RuleSet } from './model.ts';
import { rulesOff } from './off.ts';
import { readMappings } from './read-mapping.ts';
import type { Referable, References } from './references.ts';
import { compileRule, type RuleDraft, readRule } from './rule.ts';
import { fold } from './value.ts';

/**
 * Reads and compiles files of Sigma rules, several documents a file. A document with a fault is left out and every
 * fault of it named; the rest is complete. The result depends on the arguments and the order of the files only.
 */
export function parseRules(
  files: readonly RuleFile[],
  lists: Lists = new Map(),
  mappingFiles: readonly RuleFile[] = [],
): RuleSet {
  const sink: Sink = { problems: [], warnings: [], mapped: [] };
  const surroundings = { lists, mappings: readMappings(mappingFiles, sink) };
  const registry = new Registry();
  const drafts: Drafts = { rules: [], filters: [], correlations: [] };
  for (const file of files) {
    for (const document of readDocuments(file, surroundings, sink)) readOne(document, registry, drafts);
  }
  const filters = planFilters(drafts.filters, drafts.rules, registry);
  const rules = drafts.rules.map((draft) => compileRule(draft, filters.get(draft.metadata.id) ?? []));
  const correlations = resolveCorrelations(drafts.correlations, registry);
  return {
    rules,
    correlations,
    silent: silentRules(correlations),
    off: rulesOff(rules, correlations, sink),
    problems: sink.problems,
    warnings: sink.warnings,
    mapped: sink.mapped,
  };
}

/** What documents of a collection do, which Sigma had before version 2. */
const COLLECTION_ACTIONS: readonly unknown[] = ['global', 'reset', 'repeat'];

/** What the documents say before what they refer to is known. */
interface Drafts {
  readonly rules: RuleDraft[];
  readonly filters: FilterDraft[];
  readonly correlations: CorrelationDraft[];
}

function readOne(document: RuleDocument, registry: Registry, drafts: Drafts): void {
  const { top } = document;
  if (COLLECTION_ACTIONS.includes(top.action)) {
    document.refuse(
      'RULE_INVALID',
      'Sigma 2 has no rule collections ("action: global", "reset", "repeat"). Write every rule in full; within one, anchors and aliases of YAML share parts.',
      ['action'],
    );
    registry.addRefused(top);
  } else if (Object.hasOwn(top, 'correlation')) {
    const draft = readCorrelation(document);
    registry.add(document, draft.metadata, 'correlation');
    drafts.correlations.push(draft);
  } else if (Object.hasOwn(top, 'filter') && !Object.hasOwn(top, 'detection')) {
    const filter = readFilter(document);
    if (filter && registry.add(document, filter.metadata, 'filter')) drafts.filters.push(filter);
  } else {
    const rule = readRule(document);
    if (!rule) registry.addRefused(top);
    else if (registry.add(document, rule.metadata, 'rule')) drafts.rules.push(rule);
  }
}

/** A rule is heard only through its correlations unless one of them asks otherwise (Sigma correlation rules specification, "Generate"). */
function silentRules(correlations: readonly CorrelationRule[]): ReadonlySet<string> {
  const silent = new Set(correlations.flatMap(({ rules }) => rules));
  for (const { generate, rules } of correlations) {
    if (generate) for (const id of rules) silent.delete(id);
  }
  return silent;
}

const isReferable = (entry: Entry): entry is Entry & Referable => entry.kind !== 'filter';

/** A document with an id. Nothing refers to filters. */
interface Entry {
  readonly id: string;
  readonly kind: Referable['kind'] | 'filter';
  readonly where: string;
}

/** Ids and names of everything read so far. */
class Registry implements Omit<References, 'correlation'> {
  readonly #ids = new Map<string, Entry>();
  readonly #byName = new Map<string, Entry>();
  readonly #refused = new Set<string>();

  /** False, and a problem of the document, if its id or name is taken. */
  add(document: RuleDocument, { id, name, where }: RuleMetadata, kind: Entry['kind']): boolean {
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
    const entry = this.#ids.get(key) ?? this.#byName.get(key);
    if (entry && isReferable(entry)) return entry;
    return this.#refused.has(key) ? 'refused' : undefined;
  }

  get names(): string[] {
    return [...this.#byName.keys(), ...this.#ids.keys()];
  }
}
