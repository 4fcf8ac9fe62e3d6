import { isObject, listOf, member, stringOf, stringsOf } from '../decode/json.ts';
import { canonical } from './canonical.ts';

/** One combination of what a rule lists: operation, group, version, resource, subresource, scope, name; `*` for any. */
type Combination = readonly string[];

const VERSION = 2;

/** Dimensions with no end of values: only `*` matches all of them. */
const OPEN = [1, VERSION, 3, 4, 6];

const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'];
const SCOPES = ['Cluster', 'Namespaced'];

const LISTED_MAX = 100;

/** Combinations of all rules of one list; honest ones have some hundreds. */
const COMBINATIONS_MAX = 3000;

/** How the requests that a list of rules matches differ from those that it matched before. */
export interface RulesChange {
  /** Requests that are no longer matched, in words: `CREATE apps/deployments`. */
  readonly lost: readonly string[];
  readonly gained: readonly string[];
  /** True if other versions of the same resources are matched: under `matchPolicy: Equivalent` that may change nothing. */
  readonly reversioned: boolean;
}

/**
 * Compares two lists of `RuleWithOperations` (or `NamedRuleWithOperations`, of admission policies) as the sets of requests that they match
 * (k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules).
 * @returns undefined if they list too much to be compared
 */
export function rulesChange(before: unknown, after: unknown): RulesChange | undefined {
  const [from, to] = [combinationsOf(before), combinationsOf(after)];
  if (!from || !to) return undefined;
  const [lost, gained] = [missing(from, to), missing(to, from)];
  const [lostWhole, gainedWhole] = [
    missing(lost.map(anyVersion), to.map(anyVersion)),
    missing(gained.map(anyVersion), from.map(anyVersion)),
  ];
  return {
    lost: texts(lostWhole),
    gained: texts(gainedWhole),
    reversioned: lostWhole.length < lost.length || gainedWhole.length < gained.length,
  };
}

function combinationsOf(rules: unknown): Combination[] | undefined {
  const combinations: Combination[] = [];
  for (const rule of listOf(rules)) {
    if (rule === undefined) continue; // a place in a list of which only another one is known
    for (const combination of isObject(rule) ? combinationsOfRule(rule) : [opaque(rule)]) {
      if (combinations.push(combination) > COMBINATIONS_MAX) return undefined;
    }
  }
  return combinations;
}

/** What is no rule stands for itself. */
function opaque(rule: unknown): Combination {
  return ['', '', '', canonical(rule), '', '', ''];
}

function* combinationsOfRule(rule: unknown): Generator<Combination> {
  const list = (key: string) => stringsOf(member(rule, key), LISTED_MAX);
  const names = list('resourceNames');
  const scope = stringOf(member(rule, 'scope')) ?? '*';
  for (const operation of list('operations').flatMap((one) => (one === '*' ? OPERATIONS : [one])))
    for (const group of list('apiGroups'))
      for (const version of list('apiVersions'))
        for (const path of list('resources'))
          for (const one of scope === '*' ? SCOPES : [scope])
            for (const name of names.length > 0 ? names : ['*']) {
              const [resource = '', subresource = ''] = path.split('/', 2);
              yield [operation, group, version, resource, subresource, one, name];
            }
}

function keyOf(combination: Combination): string {
  return combination.join('\u0000');
}

/** Combinations that none of the others matches. */
function missing(combinations: readonly Combination[], others: readonly Combination[]): Combination[] {
  const known = new Set(others.map(keyOf));
  const general = OPEN.filter((dimension) => others.some((other) => other[dimension] === '*'));
  return combinations.filter((combination) => !isMatched(combination, known, general));
}

/** A combination is matched by one that has, in each dimension, the same value or `*`. */
function isMatched(
  combination: Combination,
  known: ReadonlySet<string>,
  general: readonly number[],
): boolean {
  const [dimension, ...rest] = general;
  if (dimension === undefined) return known.has(keyOf(combination));
  return isMatched(combination, known, rest) || isMatched(combination.with(dimension, '*'), known, rest);
}

function anyVersion(combination: Combination): Combination {
  return combination.with(VERSION, '');
}

/** Each resource and operation once, whatever the version, scope and name. */
function texts(combinations: readonly Combination[]): string[] {
  return [
    ...new Set(
      combinations.map(([operation, group, , resource, subresource]) =>
        `${operation} ${[group, resource, subresource].filter((part) => part !== '').join('/')}`.trim(),
      ),
    ),
  ];
}
