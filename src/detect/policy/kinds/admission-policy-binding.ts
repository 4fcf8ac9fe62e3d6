import { listOf, stringsOf } from '../../decode/json.ts';
import { shown } from '../canonical.ts';
import { matchPolicy } from '../common-fields.ts';
import { fields, ordered, unjudged } from '../fields.ts';
import { type Compare, changed, mutating } from '../finding.ts';
import { resourceRules, selector } from '../reach.ts';

/** A binding without rules leaves it to the policy what is matched. */
const EVERYTHING = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }];

const boundRules: Compare = (before, after, place) => {
  const open = (rules: unknown) => (listOf(rules).length > 0 ? rules : EVERYTHING);
  return resourceRules('resourceRules')(open(before), open(after), place);
};

/**
 * `validationActions`: without Deny nothing is refused; without Audit and Warn a violation that is let through leaves no trace.
 * @param missing the actions of a policy that names none
 */
export function validationActions(missing: readonly string[]): Compare {
  return (before, after, place) => {
    const [was, is] = [before, after].map(
      (list) => new Set(listOf(list).length > 0 ? stringsOf(list) : missing),
    );
    if (!was || !is || (was.has('Deny') && is.has('Deny'))) return [];
    const [gone, come] = [was.difference(is), is.difference(was)];
    const reason = changed(place, 'validationActions', [...was].join(), [...is].join());
    if (gone.has('Deny') || (gone.size > 0 && come.size === 0))
      return [{ effect: 'weakened', change: 'action-lowered', reason }];
    if (come.has('Deny') || gone.size === 0)
      return come.size === 0 ? [] : [{ effect: 'strengthened', change: 'action-raised', reason }];
    return [{ effect: 'unclear', change: 'action-changed', reason }];
  };
}

const policyName: Compare = (before, after, place) => [
  {
    effect: 'weakened',
    change: 'policy-unbound',
    reason: changed(place, 'policyName', shown(before), shown(after)),
  },
];

const paramRef = fields({
  name: unjudged('paramRef.name', 'parameters-changed'),
  namespace: unjudged('paramRef.namespace', 'parameters-changed'),
  selector: unjudged('paramRef.selector', 'parameters-changed'),
  parameterNotFoundAction: ordered('parameterNotFoundAction', ['Allow', 'Deny'], 'Deny', {
    weakened: 'missing-parameters-allowed',
    strengthened: 'missing-parameters-denied',
  }),
});

const common = {
  policyName,
  paramRef,
  matchResources: fields({
    resourceRules: boundRules,
    excludeResourceRules: resourceRules('excludeResourceRules', true),
    namespaceSelector: selector('namespaceSelector'),
    objectSelector: selector('objectSelector'),
    matchPolicy,
  }),
};

/** ValidatingAdmissionPolicyBinding of admissionregistration.k8s.io. */
export const validatingAdmissionPolicyBinding = fields({
  spec: fields({ ...common, validationActions: validationActions(['Deny']) }),
});

/** MutatingAdmissionPolicyBinding of admissionregistration.k8s.io. */
export const mutatingAdmissionPolicyBinding = mutating(fields({ spec: fields(common) }));
