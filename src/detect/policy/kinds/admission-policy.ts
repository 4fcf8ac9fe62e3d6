import { failurePolicy, matchPolicy } from '../common-fields.ts';
import { matchConditions, validations } from '../expressions.ts';
import { fields, harmless, namedList, unjudged } from '../fields.ts';
import { mutating } from '../finding.ts';
import { resourceRules, selector } from '../reach.ts';

/** `matchConstraints`: which requests a policy is for. */
export const matchConstraints = fields({
  resourceRules: resourceRules('resourceRules'),
  excludeResourceRules: resourceRules('excludeResourceRules', true),
  namespaceSelector: selector('namespaceSelector'),
  objectSelector: selector('objectSelector'),
  matchPolicy,
});

/** A variable is part of the expressions that name it. */
export const variables = namedList(
  { noun: 'variable', added: ['neutral', 'variables-changed'], removed: ['unclear', 'variables-changed'] },
  fields({ expression: unjudged('expression', 'variables-changed') }),
);

const common = {
  failurePolicy,
  matchConstraints,
  matchConditions,
  variables,
  paramKind: unjudged('paramKind'),
};

/** ValidatingAdmissionPolicy of admissionregistration.k8s.io. */
export const validatingAdmissionPolicy = fields({
  spec: fields({ ...common, validations, auditAnnotations: harmless }),
});

/** MutatingAdmissionPolicy of admissionregistration.k8s.io. */
export const mutatingAdmissionPolicy = mutating(
  fields({ spec: fields({ ...common, mutations: unjudged('mutations'), reinvocationPolicy: harmless }) }),
);
