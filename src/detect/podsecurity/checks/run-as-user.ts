import type { Check, Finding } from '../check.ts';
import { listed, setters } from '../message.ts';
import type { PodView } from '../pod-view.ts';

/**
 * User 0 may not be asked for, outside a user namespace (k8s.io/pod-security-admission/policy,
 * check_runAsUser.go).
 */
export const runAsUser: Check = {
  id: 'runAsUser',
  level: 'restricted',
  versions: [
    { since: 23, check: v1_23 },
    { since: 35, check: v1_35 },
  ],
};

function v1_23(pod: PodView): Finding | undefined {
  const podIsRoot = pod.securityContext?.runAsUser === 0;
  let containers: string[] | undefined;
  for (const { name, securityContext } of pod.containers) {
    if (securityContext?.runAsUser === 0) containers = listed(containers, name);
  }
  if (!podIsRoot && containers === undefined) return undefined;
  return { reason: 'runAsUser=0', detail: `${setters(podIsRoot, containers)} must not set runAsUser=0` };
}

function v1_35(pod: PodView): Finding | undefined {
  return pod.userNamespace ? undefined : v1_23(pod);
}
