import { LRUCache } from 'lru-cache';
import type { EventFields } from './event.ts';
import type { Predicate } from './item.ts';
import type { SigmaRule } from './model.ts';
import { answerOf, keyOf, TraitReader } from './traits.ts';

/** Combinations of traits that are remembered; a busy cluster shows some hundreds. */
const CHOICES_MAX = 4096;

/** A rule that events of some traits may match, and what is left to ask of them. */
interface Candidate {
  readonly rule: SigmaRule;
  readonly matches: Predicate;
}

/**
 * Rules by what the traits of an event say. What they decide is worked out once for each combination of them, so that an event is only asked what
 * is left, of the rules that are left.
 */
export class RuleIndex {
  readonly #rules: readonly SigmaRule[];
  readonly #traits: TraitReader;
  readonly #choices = new LRUCache<string, readonly Candidate[]>({ max: CHOICES_MAX });

  constructor(rules: readonly SigmaRule[]) {
    this.#rules = rules.filter((rule) => rule.applies);
    this.#traits = new TraitReader(this.#rules.flatMap((rule) => [...rule.items]));
  }

  /** The rules that match the event, in the order given to the constructor. */
  match(event: EventFields): SigmaRule[] {
    const matched: SigmaRule[] = [];
    for (const { rule, matches } of this.#candidates(event)) if (matches(event)) matched.push(rule);
    return matched;
  }

  /** The rules that the event has to be held against. */
  candidates(event: EventFields): SigmaRule[] {
    return this.#candidates(event).map(({ rule }) => rule);
  }

  #candidates(event: EventFields): readonly Candidate[] {
    const traits = this.#traits.read(event);
    if (!traits) return this.#rules.map((rule) => ({ rule, matches: rule.matches }));
    const key = keyOf(traits);
    const known = this.#choices.get(key);
    if (known) return known;
    const candidates = this.#rules.flatMap((rule) => {
      const matches = rule.given((item, test) => answerOf(traits, item, test));
      return matches ? { rule, matches } : [];
    });
    this.#choices.set(key, candidates);
    return candidates;
  }
}
