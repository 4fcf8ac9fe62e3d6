import { type LabelSelector, requirementsOf } from '../../../record/label-selector.ts';
import { at, listOf, stringOf } from '../../decode/json.ts';
import { denies, itsNamespace, type PolicyScope, scopesOf, selectorOf, without } from './scope.ts';
import { rulesJudgeWorkloads } from './workloads.ts';

/** What bindings are called of each kind of admission policy. */
export const BINDINGS: Readonly<Record<string, string>> = {
  validatingadmissionpolicies: 'validatingadmissionpolicybindings',
  mutatingadmissionpolicies: 'mutatingadmissionpolicybindings',
};

/** Webhook configurations: where any of their webhooks is asked. */
export const webhooksScope: PolicyScope = {
  namespaces: (object) =>
    scopesOf(
      listOf(at(object, 'webhooks'))
        .filter((webhook) => rulesJudgeWorkloads(at(webhook, 'rules')))
        .map((webhook) => selectorOf(at(webhook, 'namespaceSelector'))),
    ),
  unscoped: (object) => without(object, 'webhooks', '*', 'namespaceSelector'),
};

/** Those of engines are asked all but everywhere. */
export const validatingWebhooksScope: PolicyScope = { ...webhooksScope, unseen: itsNamespace };

/** Admission policies have a say where they are bound, by bindings that were seen; without any, where they say themselves. */
export const admissionPolicyScope: PolicyScope = {
  namespaces(object, { resource, name }, seen) {
    const constraints = at(object, 'spec', 'matchConstraints');
    if (!rulesJudgeWorkloads(at(constraints, 'resourceRules'))) return [];
    const own = selectorOf(at(constraints, 'namespaceSelector'));
    const bindings = seen(BINDINGS[resource]!);
    if (!bindings) return [own];
    return scopesOf(
      Array.from(bindings.values())
        .filter((binding) => at(binding, 'spec', 'policyName') === name && denies(binding))
        .map((binding) =>
          bothOf(own, selectorOf(at(binding, 'spec', 'matchResources', 'namespaceSelector'))),
        ),
    );
  },
  unscoped: (object) => without(object, 'spec', 'matchConstraints', 'namespaceSelector'),
};

/** Bindings have one where both they and the policy that they bind are for, as far as that was seen. */
export const bindingScope: PolicyScope = {
  namespaces(object, { resource }, seen) {
    const matched = at(object, 'spec', 'matchResources');
    const policies = Object.keys(BINDINGS).find((kind) => BINDINGS[kind] === resource);
    const policy = seen(policies ?? '')?.get(stringOf(at(object, 'spec', 'policyName')) ?? '');
    const constraints = at(policy, 'spec', 'matchConstraints');
    const rules = [at(matched, 'resourceRules'), at(constraints, 'resourceRules')];
    if (!rules.every(rulesJudgeWorkloads)) return [];
    const [own, bound] = [matched, constraints].map((one) => selectorOf(at(one, 'namespaceSelector')));
    return [policy ? bothOf(own!, bound!) : own!];
  },
  refuses: denies,
  unscoped: (object) => without(object, 'spec', 'matchResources', 'namespaceSelector'),
};

function bothOf(one: LabelSelector, other: LabelSelector): LabelSelector {
  return { matchExpressions: [...requirementsOf(one), ...requirementsOf(other)] };
}
