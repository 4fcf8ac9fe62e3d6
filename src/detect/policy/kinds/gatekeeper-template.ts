import { failurePolicy } from '../common-fields.ts';
import { matchConditions, validations } from '../expressions.ts';
import { fields, harmless, keyedList, unjudged } from '../fields.ts';
import { variables } from './admission-policy.ts';

const code = unjudged('code', 'code-changed');

/** Parts of the K8sNativeValidation source, which is CEL (github.com/open-policy-agent/gatekeeper/pkg/drivers/k8scel/schema). */
const source = fields({
  rego: code,
  libs: code,
  version: harmless,
  validations,
  matchConditions,
  variables,
  failurePolicy,
  generateVAP: unjudged('generateVAP'),
});

const engines = keyedList(
  'engine',
  { noun: 'code for', added: ['unclear', 'code-changed'], removed: ['unclear', 'code-changed'] },
  fields({ source }),
);

const targets = keyedList(
  'target',
  { noun: 'target', added: ['unclear', 'code-changed'], removed: ['weakened', 'target-removed'] },
  fields({ rego: code, libs: code, code: engines, operations: unjudged('operations') }),
);

/** ConstraintTemplate of templates.gatekeeper.sh: the code of a kind of constraints. */
export const gatekeeperTemplate = fields({ spec: fields({ crd: harmless, targets }) });
