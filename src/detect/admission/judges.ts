import type { Denial } from '../../record/signal.ts';
import { at, listOf, stringOf } from '../decode/json.ts';
import type { Request } from '../decode/request.ts';
import { BINDINGS } from '../policy/scopes/api-server.ts';

/** What policies found that only report it (k8s.io/apiserver/pkg/admission/plugin/policy/validating/dispatcher.go). */
const FAILURES = 'validation.policy.admission.k8s.io/validation_failure';

/** Findings of one request that are looked at. */
const FAILURES_MAX = 32;

const NAME_CHARS_MAX = 253;

/** What is a policy of whom a denial speaks. */
const POLICIES: Readonly<Record<string, string>> = {
  'validating-admission-policy': 'validatingadmissionpolicies',
  'mutating-admission-policy': 'mutatingadmissionpolicies',
};

/** Engines whose webhooks say which of their policies refuses. */
const ENGINES = new Set(['gatekeeper', 'kyverno', 'kubewarden']);

/**
 * Policies and bindings that an event shows to have a say in its namespace, because they refused the request or reported it: `resource/name`, of an
 * engine `engine/name`. They tell more than selectors where the labels of the namespace were never seen.
 * @param denial who refused the request
 */
export function judgesIn(request: Request, denial: Denial | undefined): readonly string[] {
  const refusing = denial ? refusingIn(request, denial) : [];
  if (!request.mayHaveAnnotation(FAILURES)) return refusing;
  const reporting = failuresIn(request.annotation(FAILURES)).flatMap((failure) =>
    namesOf('validatingadmissionpolicies', stringOf(at(failure, 'policy')), stringOf(at(failure, 'binding'))),
  );
  return [...new Set([...refusing, ...reporting])];
}

function refusingIn({ ref }: Request, { engine, policy, binding }: Denial): string[] {
  if (!ENGINES.has(engine)) return namesOf(POLICIES[engine], policy, binding);
  const name = engine === 'kubewarden' ? kubewardenName(policy, ref.namespace) : policy;
  return name ? [`${engine}/${name.slice(0, NAME_CHARS_MAX)}`] : [];
}

/** The policy's own name in that of its webhook (github.com/kubewarden/kubewarden-controller/api/policies, GetUniqueName). */
function kubewardenName(unique: string | undefined, namespace: string): string | undefined {
  const found = /^(clusterwide|namespaced)-(?:group-)?(.*)$/.exec(unique ?? '');
  if (!found) return undefined;
  const [, scope, name = ''] = found;
  return scope === 'namespaced' ? name.replace(`${namespace}-`, '') : name;
}

function namesOf(resource: string | undefined, policy: string | undefined, binding: string | undefined) {
  if (!resource) return [];
  const named = [
    [resource, policy],
    [BINDINGS[resource], binding],
  ];
  return named.flatMap(([kind, name]) => (name ? `${kind}/${name.slice(0, NAME_CHARS_MAX)}` : []));
}

function failuresIn(annotation: string | undefined): readonly unknown[] {
  try {
    return listOf(JSON.parse(annotation ?? '[]')).slice(0, FAILURES_MAX);
  } catch {
    return []; // written by something other than the API server; it names nobody
  }
}
