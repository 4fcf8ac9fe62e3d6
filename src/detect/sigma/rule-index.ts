import { compilePath, type EventFields } from './event.ts';
import type { SigmaRule } from './model.ts';
import { fold, textOf } from './value.ts';

const verbsOf = compilePath('verb');
const resourcesOf = compilePath('objectRef.resource');

/** Stands for "any value" in the tables below; no folded text of an event is this symbol. */
const ANY: unique symbol = Symbol('any');
type Key = string | typeof ANY;

const ANYTHING: readonly Key[] = [ANY];

interface Entry {
  readonly rule: SigmaRule;
  readonly order: number;
}

/** Rules by what must hold of `objectRef.resource` and `verb`, so that an event meets only rules that could match. */
export class RuleIndex {
  readonly #all: readonly Entry[];
  readonly #table = new Map<Key, Map<Key, Entry[]>>();

  constructor(rules: readonly SigmaRule[]) {
    this.#all = rules.filter((rule) => rule.applies).map((rule, order) => ({ rule, order }));
    for (const entry of this.#all) {
      const { verbs, resources } = entry.rule.anchors;
      for (const resource of resources ?? ANYTHING) {
        for (const verb of verbs ?? ANYTHING) this.#add(resource, verb, entry);
      }
    }
  }

  /** The rules that match the event, in the order given to the constructor. */
  match(event: EventFields): SigmaRule[] {
    const matched = this.#candidates(event).filter(({ rule }) => rule.matches(event));
    if (matched.length > 1) matched.sort((a, b) => a.order - b.order);
    return matched.map(({ rule }) => rule);
  }

  /** How many rules the event has to be held against. */
  candidates(event: EventFields): number {
    return this.#candidates(event).length;
  }

  #candidates(event: EventFields): readonly Entry[] {
    const verbs = verbsOf(event);
    const resources = resourcesOf(event);
    // Lists occur in forged events only, and could meet several entries of the tables at once.
    if (verbs.length > 1 || resources.length > 1) return this.#all;
    const verb = keyOf(verbs[0]);
    const resource = keyOf(resources[0]);
    const found: Entry[] = [];
    for (const row of rowsOf(resource)) {
      const columns = this.#table.get(row);
      if (!columns) continue;
      for (const column of rowsOf(verb)) {
        const entries = columns.get(column);
        if (entries) found.push(...entries);
      }
    }
    return found;
  }

  #add(resource: Key, verb: Key, entry: Entry): void {
    const columns = this.#table.get(resource) ?? new Map<Key, Entry[]>();
    this.#table.set(resource, columns);
    const entries = columns.get(verb);
    if (entries) entries.push(entry);
    else columns.set(verb, [entry]);
  }
}

/** What is absent, null or an object equals no text, so only rules that take any value are left. */
function keyOf(value: unknown): Key {
  const text = textOf(value);
  return text === undefined ? ANY : fold(text);
}

/** The places of a table that concern a value: its own, and the one of rules that take any. */
function rowsOf(key: Key): readonly Key[] {
  return key === ANY ? ANYTHING : [ANY, key];
}
