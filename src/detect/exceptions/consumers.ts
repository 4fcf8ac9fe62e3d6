import { labelsOf } from '../rule-options.ts';
import type { RuleDocument } from '../sigma/document.ts';
import type { RuleMetadata, RuleSet } from '../sigma/model.ts';
import { suggestion } from '../sigma/suggest.ts';
import { ANY } from './read.ts';

/** The rules and correlations that give alerts, by what they may be named by. */
export class Consumers {
  readonly #set: RuleSet;
  readonly #byLabel: ReadonlyMap<string, readonly RuleMetadata[]>;

  constructor(set: RuleSet) {
    this.#set = set;
    const named = [...set.rules, ...set.correlations].flatMap((rule) =>
      labelsOf(rule).map((label) => ({ label, rule })),
    );
    const rulesOf = ([label, all]: [string, typeof named]) => [label, all.map(({ rule }) => rule)] as const;
    this.#byLabel = new Map(
      Array.from(
        Map.groupBy(named, ({ label }) => label),
        rulesOf,
      ),
    );
  }

  /** Ids of those that an exception names. What names nothing that gives alerts is refused. */
  named(rules: readonly string[], document: RuleDocument): Set<string> {
    const ids = new Set<string>();
    for (const [index, reference] of rules.entries()) {
      const found = reference === ANY ? this.#all : this.#byLabel.get(reference.toLowerCase());
      const alerting = found?.filter((rule) => this.#canBeExcepted(rule)) ?? [];
      for (const { id } of alerting) ids.add(id);
      const place = Array.isArray(document.top.rules) ? ['rules', index] : ['rules'];
      if (!found) {
        const what = `No rule has the name, id or detection id "${reference}".${suggestion(reference, this.#byLabel.keys())}`;
        document.refuse('RULE_REFERENCE_UNKNOWN', what, place);
      } else if (alerting.length === 0 && found.some(isAbsence)) {
        const what = `"${reference}" alerts because nothing matches, so that there is no match to except. Leave it out in the rules that it waits for.`;
        document.refuse('EXCEPTION_INVALID', what, place);
      } else if (alerting.length === 0) {
        const above = found.flatMap(({ id }) => this.#alertingAbove(id));
        const what = `"${reference}" gives no alert of its own. Name the correlation that does: ${[...new Set(above)].join(', ')}.`;
        document.refuse('EXCEPTION_INVALID', what, place);
      }
    }
    return ids;
  }

  #canBeExcepted(rule: RuleMetadata): boolean {
    return !this.#set.silent.has(rule.id) && !isAbsence(rule);
  }

  get #all(): readonly RuleMetadata[] {
    return [...this.#set.rules, ...this.#set.correlations];
  }

  /** The correlations that give alerts of what a part matches, as one names them. */
  #alertingAbove(part: string): string[] {
    return this.#set.correlations
      .filter(({ rules }) => rules.includes(part))
      .flatMap(({ id, name }) => (this.#set.silent.has(id) ? this.#alertingAbove(id) : [name ?? id]));
  }
}

function isAbsence(rule: RuleMetadata & { readonly type?: unknown }): boolean {
  return rule.type === 'absence';
}
