import type { Check, Finding } from '../check.ts';
import { containersPhrase, listed } from '../message.ts';
import type { PodView } from '../pod-view.ts';

/** No container may be privileged (k8s.io/pod-security-admission/policy, check_privileged.go). */
export const privileged: Check = {
  id: 'privileged',
  level: 'baseline',
  versions: [{ since: 0, check: v1_0 }],
};

function v1_0(pod: PodView): Finding | undefined {
  let bad: string[] | undefined;
  for (const { name, securityContext } of pod.containers) {
    if (securityContext?.privileged === true) bad = listed(bad, name);
  }
  if (bad === undefined) return undefined;
  return {
    reason: 'privileged',
    detail: `${containersPhrase(bad)} must not set securityContext.privileged=true`,
  };
}
