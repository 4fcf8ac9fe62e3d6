import { at } from '../../decode/json.ts';
import { type PolicyScope, selectorOf, without } from './scope.ts';
import { rulesJudgeWorkloads } from './workloads.ts';

/** Policies and groups of policies.kubewarden.io; those of a namespace are for it alone. */
export const kubewardenScope: PolicyScope = {
  namespaces(object, { namespace }) {
    const spec = at(object, 'spec');
    if (!rulesJudgeWorkloads(at(spec, 'rules'))) return [];
    const selector = selectorOf(at(spec, 'namespaceSelector'));
    return [namespace === '' ? selector : { ...selector, names: [namespace] }];
  },
  refuses: (object) => at(object, 'spec', 'mode') !== 'monitor',
  unscoped: (object) => without(object, 'spec', 'namespaceSelector'),
};
