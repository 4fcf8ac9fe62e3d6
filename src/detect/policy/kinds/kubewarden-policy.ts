import { isObject, stringOf } from '../../decode/json.ts';
import { shown } from '../canonical.ts';
import { expressionExtent } from '../cel.ts';
import { ACTION_WORDS, failurePolicy, matchPolicy, timeoutSeconds } from '../common-fields.ts';
import { matchConditions } from '../expressions.ts';
import { fields, harmless, namedList, ordered, unjudged } from '../fields.ts';
import { type Compare, changed } from '../finding.ts';
import { parameters } from '../parameters.ts';
import { resourceRules, selector } from '../reach.ts';

const code = unjudged('module', 'code-changed');

/** Which program evaluates the policy. */
const policyServer: Compare = (before, after, place) => {
  const [was, is] = [stringOf(before) ?? 'default', stringOf(after) ?? 'default'];
  return was === is ? [] : unjudged('policyServer')(was, is, place);
};

const common = {
  mode: ordered('mode', ['monitor', 'protect'], 'protect', ACTION_WORDS),
  rules: resourceRules('rules'),
  namespaceSelector: selector('namespaceSelector'),
  objectSelector: selector('objectSelector'),
  matchConditions,
  matchPolicy,
  failurePolicy,
  timeoutSeconds,
  timeoutEvalSeconds: timeoutSeconds,
  policyServer,
  mutating: unjudged('mutating'),
  backgroundAudit: harmless,
  sideEffects: harmless,
  message: harmless,
};

/** ClusterAdmissionPolicy and AdmissionPolicy of policies.kubewarden.io. */
export const kubewardenPolicy = fields({
  spec: fields({ ...common, module: code, settings: parameters }),
});

/** Truth of the group by that of its members: `reject_latest() && allow_registry()`. */
const expression: Compare = (before, after, place) => {
  const [was, is] = [stringOf(before) ?? '', stringOf(after) ?? ''];
  const reason = changed(place, 'expression', shown(was), shown(is));
  switch (expressionExtent(was, is)) {
    case 'equal':
      return [];
    case 'wider':
      return [{ effect: 'weakened', change: 'validations-loosened', reason }];
    case 'narrower':
      return [{ effect: 'strengthened', change: 'validations-tightened', reason }];
    default:
      return [{ effect: 'unclear', change: 'validations-changed', reason }];
  }
};

/** Members of a group by name. What one that comes or goes means, the expression says. */
const members: Compare = (before, after, place) =>
  namedList(
    { noun: 'member', added: ['neutral', 'member-added'], removed: ['unclear', 'member-removed'] },
    fields({ module: code, settings: parameters }),
  )(listed(before), listed(after), place);

function listed(map: unknown): unknown[] {
  return isObject(map)
    ? Object.entries(map).map(([name, member]) => ({ ...(isObject(member) ? member : {}), name }))
    : [];
}

/** ClusterAdmissionPolicyGroup and AdmissionPolicyGroup of policies.kubewarden.io. */
export const kubewardenGroup = fields({ spec: fields({ ...common, expression, policies: members }) });
