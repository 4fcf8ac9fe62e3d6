import type { LabelSelector } from '../../../record/label-selector.ts';
import type { NamespaceScope } from '../../../record/namespace-scope.ts';
import { at, isObject, type JsonObject, listOf, stringOf, stringsOf } from '../../decode/json.ts';
import type { ObjectRef } from '../../decode/request.ts';

/** Objects of a kind as they were before the request, by name; those that were deleted without a body. Undefined if none was ever seen. */
export type SeenObjects = (resource: string) => ReadonlyMap<string, JsonObject | undefined> | undefined;

/** In which namespaces an object of admission control has a say about pods and workloads. */
export interface PolicyScope {
  /** @returns undefined if that cannot be told */
  namespaces(object: unknown, ref: Ref, seen: SeenObjects): readonly NamespaceScope[] | undefined;
  /** Whether what violates it is refused, and not only reported; of most kinds it always is. */
  refuses?(object: unknown): boolean;
  /** Where it is taken to have one if it was never seen; absent: that cannot be told. */
  unseen?(ref: Ref): readonly NamespaceScope[];
  /** The object but for what chooses its namespaces. */
  unscoped(object: unknown): unknown;
  /** All that can be told of it is which namespaces it takes out. */
  readonly onlyExempts?: true;
}

/** Of what says in its code, if at all, which namespaces it is for. */
export const everywhere: PolicyScope = {
  namespaces: () => [{}],
  unseen: () => [{}],
  unscoped: (object) => object,
};

/** Of what changes objects: it refuses none. */
export const nowhere: PolicyScope = {
  namespaces: () => [],
  unseen: () => [],
  unscoped: (object) => object,
};

export type Ref = Pick<ObjectRef, 'resource' | 'namespace' | 'name'>;

/** Selectors and names kept of one object: as many as webhooks or bindings. Of one that has more it cannot be told. */
const LISTED_MAX = 32;

/** Of an object of an engine: all namespaces, or its own. */
export function itsNamespace({ namespace }: Ref): readonly NamespaceScope[] {
  return [inNamespace({}, namespace)];
}

/** A scope in one namespace, if it has a name. */
export function inNamespace(scope: NamespaceScope, namespace: string): NamespaceScope {
  return namespace === '' ? scope : { ...scope, names: [namespace] };
}

/** Scopes, if there are not too many of them. */
export function scopesOf<Scope>(scopes: readonly (Scope | undefined)[]): readonly Scope[] | undefined {
  return scopes.length > LISTED_MAX || scopes.includes(undefined) ? undefined : (scopes as readonly Scope[]);
}

/** The names in a list, one more than are kept if it is longer: then there are `tooMany`. */
export function namesOf(list: unknown): readonly string[] {
  return stringsOf(list, LISTED_MAX + 1);
}

/** Whether a list of names is longer than those that are kept. */
export function tooMany(...lists: readonly (readonly string[])[]): boolean {
  return lists.some(({ length }) => length > LISTED_MAX);
}

export function selectorOf(value: unknown): LabelSelector {
  const labels = at(value, 'matchLabels');
  const expressions = listOf(at(value, 'matchExpressions')).flatMap((expression) => {
    const [key, operator] = [stringOf(at(expression, 'key')), stringOf(at(expression, 'operator'))];
    if (key === undefined || operator === undefined) return [];
    return { key, operator, values: stringsOf(at(expression, 'values'), LISTED_MAX) };
  });
  const matchLabels = Object.entries(isObject(labels) ? labels : {}).flatMap(([key, label]) =>
    typeof label === 'string' ? [[key, label] as const] : [],
  );
  return {
    ...(matchLabels.length > 0 && { matchLabels: Object.fromEntries(matchLabels) }),
    ...(expressions.length > 0 && { matchExpressions: expressions }),
  };
}

/** Whether a binding or policy refuses what violates it, by `spec.validationActions`. One that does not say refuses, or mutates. */
export function denies(object: unknown): boolean {
  const actions = stringsOf(at(object, 'spec', 'validationActions'));
  return actions.length === 0 || actions.includes('Deny');
}

/** An object without what stands at a path; `*` is each element of a list. */
export function without(object: unknown, ...[key, ...inner]: readonly string[]): unknown {
  if (key === '*') return listOf(object).map((element) => without(element, ...inner));
  if (!isObject(object) || key === undefined || object[key] === undefined) return object;
  const { [key]: value, ...others } = object;
  return inner.length === 0 ? others : { ...others, [key]: without(value, ...inner) };
}
