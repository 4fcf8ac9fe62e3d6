import type { Check, Finding } from '../check.ts';
import { containersPhrase, listed, setters } from '../message.ts';
import type { PodView } from '../pod-view.ts';

/**
 * Containers must be made to run as non-root, outside a user namespace (k8s.io/pod-security-admission/policy,
 * check_runAsNonRoot.go).
 */
export const runAsNonRoot: Check = {
  id: 'runAsNonRoot',
  level: 'restricted',
  versions: [
    { since: 0, check: v1_0 },
    { since: 35, check: v1_35 },
  ],
};

function v1_0(pod: PodView): Finding | undefined {
  const podValue = pod.securityContext?.runAsNonRoot;
  let explicit: string[] | undefined;
  let implicit: string[] | undefined;
  for (const { name, securityContext } of pod.containers) {
    const value = securityContext?.runAsNonRoot;
    if (value === false) explicit = listed(explicit, name);
    else if (value !== true && podValue !== true) implicit = listed(implicit, name);
  }

  // What is forbidden outright is named alone; what is merely missing is only named if nothing is.
  if (podValue === false || explicit !== undefined) {
    return {
      reason: 'runAsNonRoot != true',
      detail: `${setters(podValue === false, explicit)} must not set securityContext.runAsNonRoot=false`,
    };
  }
  if (implicit === undefined) return undefined;
  return {
    reason: 'runAsNonRoot != true',
    detail: `pod or ${containersPhrase(implicit)} must set securityContext.runAsNonRoot=true`,
  };
}

function v1_35(pod: PodView): Finding | undefined {
  return pod.userNamespace ? undefined : v1_0(pod);
}
