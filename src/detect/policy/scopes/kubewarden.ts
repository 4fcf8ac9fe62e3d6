import { at, stringOf } from '../../decode/json.ts';
import { inNamespace, itsNamespace, type PolicyScope, scopesOf, selectorOf, without } from './scope.ts';
import { rulesJudgeWorkloads } from './workloads.ts';

/** Policies and groups of policies.kubewarden.io; those of a namespace are for it alone. */
export const kubewardenScope: PolicyScope = {
  namespaces(object, { namespace }) {
    const spec = at(object, 'spec');
    if (!rulesJudgeWorkloads(at(spec, 'rules'))) return [];
    return [inNamespace(selectorOf(at(spec, 'namespaceSelector')), namespace)];
  },
  unseen: itsNamespace,
  refuses: (object) => at(object, 'spec', 'mode') !== 'monitor',
  unscoped: (object) => without(object, 'spec', 'namespaceSelector'),
};

const CLUSTER_WIDE = ['clusteradmissionpolicies', 'clusteradmissionpolicygroups'];

/** PolicyServer: where the policies that it evaluates have a say; those of namespaces are not seen beside it. */
export const serverScope: PolicyScope = {
  namespaces(_object, { name }, seen) {
    const policies = CLUSTER_WIDE.flatMap((resource) => [...(seen(resource)?.values() ?? [])]);
    const own = policies.filter(
      (policy) => policy && (stringOf(at(policy, 'spec', 'policyServer')) ?? 'default') === name,
    );
    if (own.length === 0) return [{}];
    const ref = { resource: '', namespace: '', name: '' };
    const refusing = own.filter((policy) => kubewardenScope.refuses!(policy));
    return scopesOf(refusing.map((policy) => kubewardenScope.namespaces(policy, ref, seen)))?.flat();
  },
  unseen: itsNamespace,
  unscoped: (object) => object,
};
