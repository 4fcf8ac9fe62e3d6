import { failurePolicy, timeoutSeconds } from '../common-fields.ts';
import { matchConditions, validations } from '../expressions.ts';
import { fields, flag, harmless, ordered } from '../fields.ts';
import { type Compare, mutating } from '../finding.ts';
import { elementsExtent, matching } from '../reach.ts';
import { matchConstraints, variables } from './admission-policy.ts';
import { validationActions } from './admission-policy-binding.ts';

const VERIFICATION = ['verification-optional', 'verification-required'] as const;

const common = {
  matchConstraints,
  matchConditions,
  variables,
  failurePolicy,
  webhookConfiguration: fields({ timeoutSeconds }),
  evaluation: fields({
    admission: fields({ enabled: flag('admission', false, true, 'admission-off', 'admission-on') }),
    background: harmless,
    mutateExisting: harmless,
    mode: ordered('evaluation.mode', ['Envoy', 'HTTP', 'JSON', 'Kubernetes'], 'Kubernetes', {
      weakened: 'admission-off',
      strengthened: 'admission-on',
    }),
  }),
};

const validating: Readonly<Record<string, Compare>> = {
  ...common,
  validations,
  validationActions: validationActions(['Deny']),
  auditAnnotations: harmless,
};

/** ValidatingPolicy and NamespacedValidatingPolicy of policies.kyverno.io. */
export const kyvernoValidatingPolicy = fields({ spec: fields(validating) });

/** ImageValidatingPolicy of policies.kyverno.io, and its namespaced form. */
export const kyvernoImageValidatingPolicy = fields({
  spec: fields({
    ...validating,
    matchImageReferences: matching('matchImageReferences', elementsExtent),
    validationConfigurations: fields({
      required: flag('required', false, true, ...VERIFICATION),
      verifyDigest: flag('verifyDigest', false, true, ...VERIFICATION),
      mutateDigest: flag('mutateDigest', false, true, ...VERIFICATION),
    }),
  }),
});

/** MutatingPolicy and GeneratingPolicy of policies.kyverno.io, and their namespaced forms: what they do is for a person to judge. */
export const kyvernoMutatingPolicy = mutating(fields({ spec: fields(common) }));
