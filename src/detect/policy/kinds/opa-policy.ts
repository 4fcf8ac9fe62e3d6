import { at, member } from '../../decode/json.ts';
import { fields, keysOf } from '../fields.ts';
import type { Compare, Finding } from '../finding.ts';

/** By this label OPA's sidecar kube-mgmt takes a ConfigMap for policies (github.com/open-policy-agent/kube-mgmt). */
export const OPA_POLICY_LABEL = 'openpolicyagent.org/policy';

const POLICY = 'rego';

/** Whether a ConfigMap holds policies for OPA. */
export function isOpaPolicy(object: unknown): boolean {
  return at(object, 'metadata', 'labels', OPA_POLICY_LABEL) === POLICY;
}

/** Whether a patch takes the label away, or sets it. */
export function namesOpaLabel(patch: unknown): boolean {
  if (Array.isArray(patch)) return patch.some((operation) => at(operation, 'path') === LABEL_POINTER);
  return at(patch, 'metadata', 'labels', OPA_POLICY_LABEL) === null;
}

const LABEL_POINTER = `/metadata/labels/${OPA_POLICY_LABEL.replaceAll('/', '~1')}`;

const files: Compare = (before, after) => {
  return keysOf(before, after).flatMap((name): Finding[] => {
    const [was, is] = [member(before, name), member(after, name)];
    if (is === undefined)
      return [{ effect: 'weakened', change: 'rule-removed', reason: `policy ${name} was removed` }];
    if (was === undefined)
      return [{ effect: 'strengthened', change: 'rule-added', reason: `policy ${name} was added` }];
    return was === is
      ? []
      : [{ effect: 'unclear', change: 'code-changed', reason: `policy ${name} was changed` }];
  });
};

const label: Compare = (_, after) => [
  after === POLICY
    ? { effect: 'strengthened', change: 'policy-bound', reason: `label ${OPA_POLICY_LABEL} was added` }
    : { effect: 'weakened', change: 'policy-unbound', reason: `label ${OPA_POLICY_LABEL} was removed` },
];

/** A ConfigMap of Rego files. */
export const opaPolicy = fields({
  metadata: fields({ labels: fields({ [OPA_POLICY_LABEL]: label }) }),
  data: files,
});
