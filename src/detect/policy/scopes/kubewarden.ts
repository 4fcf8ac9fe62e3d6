import { at } from '../../decode/json.ts';
import { inNamespace, itsNamespace, type PolicyScope, selectorOf, without } from './scope.ts';
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
