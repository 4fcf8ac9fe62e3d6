import type { NamespaceScope } from '../../../record/namespace-scope.ts';
import { patternCovers } from '../../../record/pattern.ts';
import { at, listOf, stringOf, stringsOf } from '../../decode/json.ts';
import { webhookAction } from '../kinds/gatekeeper-constraint.ts';
import { namesOf, type PolicyScope, scopesOf, selectorOf, tooMany, without } from './scope.ts';
import { kindsJudgeWorkloads } from './workloads.ts';

/** `spec.match` of a constraint (github.com/open-policy-agent/gatekeeper/pkg/mutation/match). */
export const constraintScope: PolicyScope = {
  namespaces(object) {
    const match = at(object, 'spec', 'match');
    const kinds = listOf(at(match, 'kinds')).flatMap((one) => stringsOf(at(one, 'kinds')));
    if (!kindsJudgeWorkloads(kinds, patternCovers)) return [];
    return scopesOf([namespacesOf(match)]);
  },
  refuses: (object) => webhookAction(at(object, 'spec')) === 'deny',
  unscoped: (object) =>
    ['namespaces', 'excludedNamespaces', 'namespaceSelector'].reduce(
      (rest, key) => without(rest, 'spec', 'match', key),
      object,
    ),
};

function namespacesOf(match: unknown): NamespaceScope | undefined {
  const [names, except] = [namesOf(at(match, 'namespaces')), namesOf(at(match, 'excludedNamespaces'))];
  if (tooMany(names, except)) return undefined;
  return {
    ...(names.length > 0 && { names }),
    ...(except.length > 0 && { except }),
    ...selectorOf(at(match, 'namespaceSelector')),
  };
}

/** A template has a say where its constraints have one. */
export const templateScope: PolicyScope = {
  namespaces(object, ref, seen) {
    const kind = stringOf(at(object, 'spec', 'crd', 'spec', 'names', 'kind'));
    // Gatekeeper names the resource so.
    const constraints = kind && seen(kind.toLowerCase());
    if (!constraints) return undefined;
    const refusing = Array.from(constraints.values()).filter((one) => one && constraintScope.refuses!(one));
    const scopes = refusing.map((one) => constraintScope.namespaces(one, ref, seen));
    return scopesOf(scopes)?.flat();
  },
  unscoped: (object) => object,
};
