import type { Signal, Through } from '../record/signal.ts';
import type { Draft } from './draft.ts';
import { byTarget } from './exceptions/apply.ts';
import type { Exception } from './exceptions/model.ts';
import { ruleOptions } from './rule-options.ts';
import { compilePath, type EventFields, remembering } from './sigma/event.ts';
import { type CorrelationRule, fieldOf, groupFields, type RuleSet, type SigmaRule } from './sigma/model.ts';
import type { Trait } from './sigma/traits.ts';

/** What of a signal is its consumer's own. */
export type Address = Pick<Signal, 'group' | 'values' | 'through' | 'spans_groups'>;

/** One consumer of a rule's matches: the rule's own alert, or a correlation. */
export interface Target {
  readonly id: string;
  /** Those that may take matches from it. */
  readonly exceptions: readonly Exception[];
  address(event: EventFields): Address;
}

/** Group values are names; a longer one is cut, so that keys stay bounded. */
const VALUE_CHARS_MAX = 512;

/** Where the matches of each rule go, by rule id, but for those that only show that there are any. A correlation that only others refer to is evaluated by those, from signals of their own. */
export function planTargets(
  set: RuleSet,
  exceptions: readonly Exception[] = [],
): ReadonlyMap<string, readonly Target[]> {
  const excepting = byTarget(exceptions);
  const plan = new Map<string, Target[]>();
  for (const rule of set.rules) {
    plan.set(rule.id, set.silent.has(rule.id) ? [] : [ownTarget(rule, excepting.get(rule.id))]);
  }
  const correlations = new Map(set.correlations.map((correlation) => [correlation.id, correlation]));
  for (const correlation of set.correlations) {
    if (set.silent.has(correlation.id) || correlation.type === 'absence') continue;
    for (const { chain, rule } of chainsOf([correlation], correlations)) {
      plan.get(rule)?.push(chainTarget(chain, rule, excepting.get(correlation.id)));
    }
  }
  return plan;
}

const NONE: readonly Exception[] = [];

/** A correlation and those through which it refers to a rule. */
interface Chain {
  readonly chain: readonly CorrelationRule[];
  readonly rule: string;
}

function chainsOf(
  chain: readonly CorrelationRule[],
  correlations: ReadonlyMap<string, CorrelationRule>,
): Chain[] {
  return chain.at(-1)!.rules.flatMap((rule) => {
    const next = correlations.get(rule);
    return next ? chainsOf([...chain, next], correlations) : [{ chain, rule }];
  });
}

function ownTarget(rule: SigmaRule, exceptions = NONE): Target {
  const group = textsAt(ruleOptions(rule).groupBy);
  return { id: rule.id, exceptions, address: (event) => ({ group: group(event) }) };
}

function chainTarget(chain: readonly CorrelationRule[], ruleId: string, exceptions = NONE): Target {
  const [first, ...rest] = chain.map((_, index) => viewOf(chain.slice(index), ruleId));
  const { id, type } = chain[0]!;
  return {
    id,
    exceptions,
    address(event) {
      const address: Draft<Address> = first!.read(event);
      if (rest.length > 0)
        address.through = rest.map((view): Through => ({ correlation: view.id, ...view.read(event) }));
      if (type === 'new_value') address.spans_groups = true;
      return address;
    },
  };
}

/** What the first correlation of a chain groups and looks at in the events of a rule. */
function viewOf(chain: readonly CorrelationRule[], ruleId: string) {
  const correlation = chain[0]!;
  const group = textsAt(groupFields(chain, ruleId));
  const { sameAny, differAny } = ruleOptions(correlation);
  const paths = new Map([...sameAny, ...differAny].map((path) => [path, path]));
  const fields = 'fields' in correlation ? correlation.fields : [];
  for (const field of fields) paths.set(field, fieldOf(chain, field, ruleId));
  const values = Array.from(paths, ([name, path]) => [name, textAt(path)] as const);
  return {
    id: correlation.id,
    read(event: EventFields): Pick<Signal, 'group' | 'values'> {
      const said: Draft<Pick<Signal, 'group' | 'values'>> = { group: group(event) };
      if (values.length === 0) return said;
      const shown: Record<string, string> = {};
      for (const [name, read] of values) shown[name] = read(event);
      said.values = shown;
      return said;
    },
  };
}

type TextsReader = (event: EventFields) => readonly string[];

const groupReaders = new Map<string, TextsReader>();

/** Rules that group by the same fields share what these are in an event. */
function textsAt(paths: readonly string[]): TextsReader {
  const name = JSON.stringify(paths);
  const known = groupReaders.get(name);
  if (known) return known;
  const texts = paths.map(textAt);
  const reader = remembering((event) => texts.map((read) => read(event)));
  groupReaders.set(name, reader);
  return reader;
}

/** Fields that most rules group by, and of which events have one value that is quick to ask for. */
const NAMES = [
  'user.username',
  'objectRef.namespace',
  'objectRef.resource',
  'verb',
  'annotations.authorization.k8s.io/decision',
] as const satisfies Trait[];

export function textAt(path: string): (event: EventFields) => string {
  const read = compilePath(path);
  const trait = NAMES.find((name) => name === path);
  return (event) => {
    const value = trait && event.trait ? event.trait(trait) : read(event)[0];
    // An object has no value to group by.
    if (value === undefined || value === null || typeof value === 'object') return '';
    const text = String(value);
    return text.length > VALUE_CHARS_MAX ? text.slice(0, VALUE_CHARS_MAX) : text;
  };
}
