import type { Check, Finding } from '../check.ts';
import { containersPhrase, listed } from '../message.ts';
import type { PodView } from '../pod-view.ts';

/**
 * Every container must set allowPrivilegeEscalation=false (k8s.io/pod-security-admission/policy,
 * check_allowPrivilegeEscalation.go).
 */
export const allowPrivilegeEscalation: Check = {
  id: 'allowPrivilegeEscalation',
  level: 'restricted',
  versions: [
    { since: 8, check: v1_8 },
    { since: 25, check: v1_25 },
  ],
};

function v1_8(pod: PodView): Finding | undefined {
  let bad: string[] | undefined;
  for (const { name, securityContext } of pod.containers) {
    if (securityContext?.allowPrivilegeEscalation !== false) bad = listed(bad, name);
  }
  if (bad === undefined) return undefined;
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${containersPhrase(bad)} must set securityContext.allowPrivilegeEscalation=false`,
  };
}

/** API validation forbids the field in Windows pods, so they cannot be asked to set it. */
function v1_25(pod: PodView): Finding | undefined {
  return pod.windows ? undefined : v1_8(pod);
}
