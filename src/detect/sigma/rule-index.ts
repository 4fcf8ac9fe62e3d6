import type { EventFields } from './event.ts';
import { compileExpression, type Expression, given, type ItemNode, itemsOf } from './expression.ts';
import type { Predicate } from './item.ts';
import type { SigmaRule } from './model.ts';
import { answerOf, TRAITS, type TraitOf, TraitReader, traitsOf, type Value } from './traits.ts';

/** Nodes of the tree that are remembered; a busy cluster makes some thousands, most of them by its callers. */
const NODES_MAX = 50_000;

/** Values, as events say them, whose node a branch remembers: names of resources, and of some namespaces. */
const SAID_MAX = 256;

/** A rule that events of some traits may match, and what is left to ask of them. */
interface Open {
  readonly rule: SigmaRule;
  readonly left: Expression;
}

interface Candidate {
  readonly rule: SigmaRule;
  readonly matches: Predicate;
}

/** Tells events apart by one trait that the rules which are left ask for. */
interface Branch {
  readonly trait: number;
  readonly open: readonly Open[];
  readonly values: Map<Value, Node>;
  /** The same by what events say, as far as that comes again. */
  readonly said: Map<TraitOf, Node>;
}

/** What events are held against of whose traits no rule that is left asks any more. */
type Leaf = readonly Candidate[];
type Node = Branch | Leaf;

/**
 * Rules by what the traits of an event say, as a tree that grows as events come: what the traits decide is worked out once for each combination of
 * them, so that an event is only asked for traits that matter to the rules that are left, and these only for what is left of them.
 */
export class RuleIndex {
  readonly #rules: Leaf;
  readonly #readers: readonly TraitReader[];
  readonly #traits = new Map<ItemNode, number>();
  /** Compiled once for all leaves. */
  readonly #compiled = new WeakMap<Expression, Predicate>();
  readonly #top: readonly Open[];
  #root: Node;
  #nodes = 0;

  constructor(rules: readonly SigmaRule[]) {
    const applying = rules.filter((rule) => rule.applies);
    const items = applying.flatMap((rule) => [...rule.items]);
    this.#rules = applying.map((rule) => ({ rule, matches: rule.matches }));
    this.#readers = TRAITS.map((trait) => new TraitReader(trait, items));
    this.#top = applying.map((rule) => ({ rule, left: rule.expression }));
    this.#root = this.#node(this.#top, 0);
  }

  /** The rules that match the event, in the order given to the constructor. */
  match(event: EventFields): readonly SigmaRule[] {
    const leaf = this.#leafOf(event);
    if (leaf.length === 0) return NOTHING;
    const matched: SigmaRule[] = [];
    for (const { rule, matches } of leaf) if (matches(event)) matched.push(rule);
    return matched;
  }

  /** The rules that the event has to be held against. */
  candidates(event: EventFields): SigmaRule[] {
    return this.#leafOf(event).map(({ rule }) => rule);
  }

  #leafOf(event: EventFields): Leaf {
    let node = this.#root;
    while (isBranch(node)) {
      const said = this.#readers[node.trait]!.read(event);
      if (said === null) return this.#rules;
      node = node.said.get(said) ?? this.#nodeOf(node, said);
    }
    return node;
  }

  #nodeOf(branch: Branch, said: TraitOf): Node {
    const value = this.#readers[branch.trait]!.known(said);
    const node = branch.values.get(value) ?? this.#grow(branch, value);
    // Each caller has nodes of its own, of which there are only so many.
    if (typeof said === 'object' || branch.said.size < SAID_MAX) branch.said.set(said, node);
    return node;
  }

  #grow(branch: Branch, value: Value): Node {
    if (this.#nodes >= NODES_MAX) {
      this.#nodes = 0;
      this.#root = this.#node(this.#top, 0);
    }
    const { trait } = branch;
    const answer = (node: ItemNode) =>
      this.#traitsIn(node) & (1 << trait) ? answerOf(TRAITS[trait]!, value, node.item, node.test) : undefined;
    const open = branch.open.flatMap(({ rule, left }) => {
      const rest = given(left, answer);
      return rest === false ? [] : { rule, left: rest === true ? ALWAYS : rest };
    });
    const node = this.#node(open, trait + 1);
    if (typeof value !== 'object') branch.values.set(value, node);
    return node;
  }

  /** @param from the first trait that has not been asked for */
  #node(open: readonly Open[], from: number): Node {
    this.#nodes++;
    let traits = 0;
    for (const { left } of open) for (const item of itemsOf(left)) traits |= this.#traitsIn(item);
    for (let trait = from; trait < TRAITS.length; trait++)
      if (traits & (1 << trait)) return { trait, open, values: new Map(), said: new Map() };
    return open.map(({ rule, left }) => ({ rule, matches: this.#compile(left) }));
  }

  /** The traits that may answer an item, as bits. */
  #traitsIn(node: ItemNode): number {
    let traits = this.#traits.get(node);
    if (traits === undefined) {
      traits = traitsOf(node.item).reduce((bits, trait) => bits | (1 << trait), 0);
      this.#traits.set(node, traits);
    }
    return traits;
  }

  #compile(expression: Expression): Predicate {
    const known = this.#compiled.get(expression);
    if (known) return known;
    const predicate = compileExpression(expression);
    this.#compiled.set(expression, predicate);
    return predicate;
  }
}

const NOTHING: readonly SigmaRule[] = [];

const ALWAYS: Expression = { kind: 'and', children: [] };

function isBranch(node: Node): node is Branch {
  return !Array.isArray(node);
}
