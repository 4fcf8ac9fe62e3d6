import type { NamespaceScope } from '../../../record/namespace-scope.ts';
import { at, listOf, stringOf, stringsOf } from '../../decode/json.ts';
import { webhookAction } from '../kinds/gatekeeper-constraint.ts';
import { itsNamespace, namesOf, type PolicyScope, scopesOf, selectorOf, tooMany, without } from './scope.ts';
import { kindsJudgeWorkloads } from './workloads.ts';

/** `spec.match` of a constraint (github.com/open-policy-agent/gatekeeper/pkg/mutation/match). */
export const constraintScope: PolicyScope = {
  namespaces(object) {
    const match = at(object, 'spec', 'match');
    const kinds = listOf(at(match, 'kinds')).flatMap((one) => stringsOf(at(one, 'kinds')));
    if (!kindsJudgeWorkloads(kinds)) return [];
    return scopesOf([namespacesOf(match)]);
  },
  unseen: itsNamespace,
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
  unseen: itsNamespace,
  unscoped: (object) => object,
};

/** Config of config.gatekeeper.sh: where its webhook passes nothing over. */
export const configScope: PolicyScope = {
  namespaces(object) {
    const except = listOf(at(object, 'spec', 'match'))
      .filter((one) => stringsOf(at(one, 'processes')).some((process) => PROCESSES.includes(process)))
      .flatMap((one) => namesOf(at(one, 'excludedNamespaces')));
    return tooMany(except) ? undefined : [except.length > 0 ? { except } : {}];
  },
  unscoped: (object) => without(object, 'spec', 'match'),
  onlyExempts: true,
};

/** Those of Gatekeeper's processes by which what violates is refused. */
const PROCESSES = ['*', 'webhook'];
