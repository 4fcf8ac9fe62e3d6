import type { PodSecurity } from '../../record/signal.ts';
import type { Request } from '../decode/request.ts';
import { evaluate, parseVersion } from '../podsecurity/evaluate.ts';
import type { WrittenPod } from './written-pod.ts';

/** Annotation of k8s.io/pod-security-admission/api: level and version that were enforced, also for a namespace without labels. */
const ENFORCED = 'pod-security.kubernetes.io/enforce-policy';

/** Level and version enforced on the request, for example `baseline:latest`. */
export function enforcedPolicy(request: Request): string | undefined {
  return request.annotation(ENFORCED)?.slice(0, 64);
}

/** Judges a written pod at both levels, at the version in force. */
export function podSecurityOf(request: Request, pod: WrittenPod): PodSecurity {
  const enforced = enforcedPolicy(request);
  const version = parseVersion(enforced?.split(':')[1]) ?? 'latest';
  const baseline = evaluate(pod, 'baseline', version);
  // A fragment lacks what the restricted level asks to be present, so only what it forbids can be judged.
  const restricted = pod.complete ? evaluate(pod, 'restricted', version) : [];
  return {
    ...(enforced === undefined ? {} : { enforced }),
    ...(baseline.length > 0 ? { baseline } : {}),
    ...(restricted.length > 0 ? { restricted } : {}),
  };
}

/** The strictest level that the pod satisfies. */
export function satisfiedLevel(security: PodSecurity): 'privileged' | 'baseline' | 'restricted' {
  if (security.baseline) return 'privileged';
  return security.restricted ? 'baseline' : 'restricted';
}
