import type { Check, Finding } from '../check.ts';
import { objectOf } from '../json.ts';
import { containersPhrase, listed } from '../message.ts';
import type { PodView } from '../pod-view.ts';
import { forbidSeccompTypes } from './seccomp-profile-baseline.ts';

/**
 * A seccomp profile must be set, on the pod or each container (k8s.io/pod-security-admission/policy,
 * check_seccompProfile_restricted.go).
 */
export const seccompProfileRestricted: Check = {
  id: 'seccompProfile_restricted',
  level: 'restricted',
  versions: [
    { since: 19, check: v1_19, overrides: 'seccompProfile_baseline' },
    { since: 25, check: v1_25, overrides: 'seccompProfile_baseline' },
  ],
};

function v1_19(pod: PodView): Finding | undefined {
  const forbidden = forbidSeccompTypes(pod);
  if (forbidden !== undefined) return forbidden;
  // No profile that is set is forbidden, so that one on the pod covers every container.
  if (objectOf(pod.securityContext?.seccompProfile) !== undefined) return undefined;

  let missing: string[] | undefined;
  for (const { name, securityContext } of pod.containers) {
    if (objectOf(securityContext?.seccompProfile) === undefined) missing = listed(missing, name);
  }
  if (missing === undefined) return undefined;
  return {
    reason: 'seccompProfile',
    detail: `pod or ${containersPhrase(missing)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
}

/** API validation forbids the profile in Windows pods, so they cannot be asked to set it. */
function v1_25(pod: PodView): Finding | undefined {
  return pod.windows ? undefined : v1_19(pod);
}
