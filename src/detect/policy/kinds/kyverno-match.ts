import { patternCovers } from '../../../record/pattern.ts';
import { isObject, listOf, member, stringOf, stringsOf } from '../../decode/json.ts';
import { canonical } from '../canonical.ts';
import { type Extent, extentOf, unionExtent } from '../extent.ts';
import { selectorCovers } from '../label-selector.ts';

/** Group, version, kind and subresource: any of them may hold wildcards. */
type Kind = readonly [group: string, version: string, kind: string, subresource: string];

const ALL = ['*'];

const VERSION = /^(?:v\d+(?:(?:alpha|beta)\d+)?|\*)$/;

/** `Pod`, `Pod/exec`, `v1/Pod`, `apps/v1/Deployment`, `apps/v1/Deployment/scale` (github.com/kyverno/kyverno/pkg/utils/kube, ParseKindSelector). */
export function kindOf(text: string): Kind {
  const parts = text.split('/', 4);
  const versionAt = parts.findIndex((part, index) => index < 2 && VERSION.test(part));
  const kindAt = versionAt >= 0 && parts.length > versionAt + 1 ? versionAt + 1 : 0;
  const [group = '*', version = '*'] = [parts[kindAt - 2], parts[kindAt - 1]];
  return [group, version, parts[kindAt]!, parts[kindAt + 1] ?? ''];
}

/** One choice of everything of which a filter lists several. */
interface Choice {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly operation: string;
  readonly resources: unknown;
  readonly filter: unknown;
}

/** Every choice of one resource filter (`ResourceFilter` of kyverno.io/v1); what it does not list it does not ask for. */
function* choicesOf(filter: unknown): Iterable<Choice> {
  const resources = member(filter, 'resources');
  const open = (list: readonly string[]) => (list.length > 0 ? list : ALL);
  const name = stringOf(member(resources, 'name'));
  const kinds = stringsOf(member(resources, 'kinds')).map(kindOf);
  const names = open([...stringsOf(member(resources, 'names')), ...(name === undefined ? [] : [name])]);
  // What it lists is in each choice; the rest is the same in all.
  const { resources: _, ...rest } = isObject(filter) ? filter : {};
  const {
    kinds: _kinds,
    names: _names,
    namespaces,
    operations,
    name: _name,
    ...others
  } = isObject(resources) ? resources : {};
  for (const kind of kinds.length > 0 ? kinds : [['*', '*', '*', '*'] as const])
    for (const namespace of open(stringsOf(namespaces)))
      for (const one of names)
        for (const operation of open(stringsOf(operations)))
          yield { kind, namespace, name: one, operation, resources: others, filter: rest };
}

function covers(whole: Choice, part: Choice): boolean {
  const selects = (key: string) => selectorCovers(member(whole.resources, key), member(part.resources, key));
  return (
    whole.kind.every((pattern, index) => patternCovers(pattern, part.kind[index]!)) &&
    patternCovers(whole.namespace, part.namespace) &&
    patternCovers(whole.name, part.name) &&
    patternCovers(whole.operation, part.operation) &&
    (sameField(whole.resources, part.resources, 'selector') || selects('selector')) &&
    (sameField(whole.resources, part.resources, 'namespaceSelector') || selects('namespaceSelector')) &&
    asksNoMore(member(whole.resources, 'annotations'), member(part.resources, 'annotations')) &&
    ['subjects', 'roles', 'clusterRoles'].every((key) =>
      admits(listOf(member(whole.filter, key)), listOf(member(part.filter, key))),
    )
  );
}

function sameField(a: unknown, b: unknown, key: string): boolean {
  return canonical(member(a, key)) === canonical(member(b, key));
}

/** Every annotation asked for by the one is asked for by the other. */
function asksNoMore(whole: unknown, part: unknown): boolean {
  return !isObject(whole) || Object.keys(whole).every((key) => sameField(whole, part, key));
}

/** A list of who may ask: an empty one is everybody. */
function admits(whole: readonly unknown[], part: readonly unknown[]): boolean {
  if (whole.length === 0) return true;
  const known = new Set(whole.map((one) => canonical(one)));
  return part.length > 0 && part.every((one) => known.has(canonical(one)));
}

/** How what a `match` or `exclude` block selects stands to what it selected before; one without filters selects nothing. */
export function matchExtent(before: unknown, after: unknown): Extent {
  const [from, to] = [filtersOf(before), filtersOf(after)];
  if (from.all.length < 2 && to.all.length < 2) {
    const choices = ({ any, all }: Filters) => Iterator.from([...any, ...all]).flatMap(choicesOf);
    return unionExtent(choices(from), choices(to), covers);
  }
  const [were, are] = [demandedBy(from), demandedBy(to)];
  return were && are ? intersectionExtent(were, are) : 'unclear';
}

/** Filters all of which must match; undefined where any of several will do. */
function demandedBy({ any, all }: Filters): readonly unknown[] | undefined {
  if (any.length === 0) return all;
  return any.length === 1 && all.length === 0 ? any : undefined;
}

interface Filters {
  readonly any: readonly unknown[];
  readonly all: readonly unknown[];
}

/** The filters of a `match` or `exclude` block. */
export function filtersOf(block: unknown): Filters {
  const [any, all] = [listOf(member(block, 'any')), listOf(member(block, 'all'))];
  // The older form: the block itself is a filter.
  if (any.length + all.length === 0 && isObject(block) && Object.keys(block).length > 0)
    return { any: [block], all: [] };
  return { any, all };
}

/** Pairs of filters that are compared; honest policies have a few filters. */
const PAIRS_MAX = 400;

/** Of filters all of which must match: each that restricts no more than one of the others is no further restriction. */
function intersectionExtent(before: readonly unknown[], after: readonly unknown[]): Extent {
  if (before.length * after.length > PAIRS_MAX) return 'unclear';
  const implies = (parts: readonly unknown[], wholes: readonly unknown[]) =>
    wholes.every((whole) =>
      parts.some((part) =>
        ['equal', 'wider'].includes(unionExtent(choicesOf(part), choicesOf(whole), covers)),
      ),
    );
  const [within, around] = [implies(after, before), implies(before, after)];
  return within || around ? extentOf(!around, !within) : 'unclear';
}
