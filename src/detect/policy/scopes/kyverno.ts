import type { NamespaceScope } from '../../../record/namespace-scope.ts';
import { at, isObject, type JsonObject, listOf, stringOf, stringsOf } from '../../decode/json.ts';
import { resourceFilters } from '../kinds/kyverno-configuration.ts';
import { filtersOf, kindOf } from '../kinds/kyverno-match.ts';
import {
  denies,
  inNamespace,
  itsNamespace,
  namesOf,
  type PolicyScope,
  scopesOf,
  selectorOf,
  tooMany,
  without,
} from './scope.ts';
import { kindsJudgeWorkloads, rulesJudgeWorkloads } from './workloads.ts';

/** ClusterPolicy and Policy of kyverno.io: where any of their rules is for pods or workloads, but for the namespaces that it excludes or only reports on. */
export const kyvernoScope: PolicyScope = {
  namespaces(object, { namespace }) {
    const spec = at(object, 'spec');
    const overrides = listOf(at(spec, 'validationFailureActionOverrides'));
    const scopes = listOf(at(spec, 'rules')).flatMap((rule) => {
      const own = listOf(at(rule, 'validate', 'failureActionOverrides'));
      return withoutThese(matchedBy(at(rule, 'match')), at(rule, 'exclude'), [...overrides, ...own]);
    });
    return scopesOf(scopes.map((scope) => scope && inNamespace(scope, namespace)));
  },
  unseen: itsNamespace,
  refuses(object) {
    const spec = at(object, 'spec');
    const isEnforced = (action: unknown) => stringOf(action)?.toLowerCase() === 'enforce';
    return listOf(at(spec, 'rules')).some((rule) =>
      isEnforced(at(rule, 'validate', 'failureAction') ?? at(spec, 'validationFailureAction')),
    );
  },
  unscoped: (object) =>
    replaced(without(object, 'spec', 'validationFailureActionOverrides'), 'spec', (spec) =>
      replaced(spec, 'rules', (rules) => listOf(rules).map(unscopedRule)),
    ),
};

/** PolicyException of kyverno.io: where it exempts. */
export const exceptionScope: PolicyScope = {
  namespaces: (object) => scopesOf(matchedBy(at(object, 'spec', 'match'))),
  unscoped: (object) => object,
};

/** Kyverno's own ConfigMap: where it does not take pods and workloads out. */
export const configurationScope: PolicyScope = {
  namespaces(object) {
    const except = resourceFilters(at(object, 'data', 'resourceFilters')).flatMap(
      ([kind, namespace, name]) => (name === '*' && kindsJudgeWorkloads([kindOf(kind)[2]]) ? namespace : []),
    );
    return tooMany(except) ? undefined : [except.length > 0 ? { except } : {}];
  },
  unscoped: (object) => without(object, 'data', 'resourceFilters'),
  onlyExempts: true,
};

/** ValidatingPolicy and ImageValidatingPolicy of policies.kyverno.io; those of a namespace are for it alone. */
export const kyvernoCelScope: PolicyScope = {
  namespaces(object, { namespace }) {
    const constraints = at(object, 'spec', 'matchConstraints');
    if (!rulesJudgeWorkloads(at(constraints, 'resourceRules'))) return [];
    return [inNamespace(selectorOf(at(constraints, 'namespaceSelector')), namespace)];
  },
  unseen: itsNamespace,
  refuses: denies,
  unscoped: (object) => without(object, 'spec', 'matchConstraints', 'namespaceSelector'),
};

type Scopes = readonly (NamespaceScope | undefined)[];

/** Namespaces of a `match` block; undefined among them for what cannot be told. */
function matchedBy(block: unknown): Scopes {
  const { any, all } = filtersOf(block);
  // All of several must match.
  if (all.length > 1 || (all.length > 0 && any.length > 0)) return [undefined];
  return [...any, ...all].flatMap((filter) => {
    const resources = at(filter, 'resources');
    const kinds = stringsOf(at(resources, 'kinds')).map((text) => kindOf(text)[2]);
    if (!kindsJudgeWorkloads(kinds)) return [];
    const names = namesOf(at(resources, 'namespaces'));
    if (tooMany(names)) return [undefined];
    return [{ ...(names.length > 0 && { names }), ...selectorOf(at(resources, 'namespaceSelector')) }];
  });
}

/** Namespaces but for those that an `exclude` block or an action of their own takes out. */
function withoutThese(scopes: Scopes, exclude: unknown, overrides: readonly unknown[]): Scopes {
  const { any, all } = filtersOf(exclude);
  const excluded = [...any, ...all].filter(choosesNamespaces);
  const left = [...excluded.map((filter) => at(filter, 'resources')), ...overrides];
  const except = left.flatMap((one) => namesOf(at(one, 'namespaces')));
  const isClear =
    excluded.every(onlyNames) &&
    all.length < 2 &&
    overrides.every((one) => at(one, 'namespaceSelector') === undefined && isAudit(one));
  if (left.length === 0) return scopes;
  return isClear && !tooMany(except) ? scopes.map((scope) => scope && { ...scope, except }) : [undefined];
}

function isAudit(override: unknown): boolean {
  return stringOf(at(override, 'action'))?.toLowerCase() === 'audit';
}

function choosesNamespaces(filter: unknown): boolean {
  const resources = at(filter, 'resources');
  return at(resources, 'namespaces') !== undefined || at(resources, 'namespaceSelector') !== undefined;
}

/** Whether a filter takes whole namespaces out, by their names. */
function onlyNames(filter: unknown): boolean {
  const { resources, ...others } = isObject(filter) ? filter : {};
  const { namespaces, kinds, ...rest } = isObject(resources) ? resources : {};
  return [...Object.values(others), ...Object.values(rest)].every(isNothing);
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0);
}

function unscopedRule(rule: unknown): unknown {
  const { any, all } = filtersOf(at(rule, 'exclude'));
  const [anyLeft, allLeft] = [any, all].map((filters) => filters.filter((filter) => !onlyNames(filter)));
  const exclude = [...anyLeft!, ...allLeft!].length > 0 ? { any: anyLeft, all: allLeft } : undefined;
  const filters = filtersOf(at(rule, 'match'));
  const anywhere = (list: readonly unknown[]) =>
    list.map((filter) =>
      without(without(filter, 'resources', 'namespaces'), 'resources', 'namespaceSelector'),
    );
  const match = { any: anywhere(filters.any), all: anywhere(filters.all) };
  const { exclude: _, ...others } = isObject(rule) ? rule : {};
  return { ...others, match, ...(exclude && { exclude }) };
}

function replaced(object: unknown, key: string, by: (value: unknown) => unknown): JsonObject {
  const fields = isObject(object) ? object : {};
  return { ...fields, [key]: by(fields[key]) };
}
