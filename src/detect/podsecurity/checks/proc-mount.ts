import type { Check, Finding } from '../check.ts';
import { containersPhrase, joinQuote, listed, noted, sorted } from '../message.ts';
import type { PodView } from '../pod-view.ts';

/**
 * The masks over /proc may not be lifted outside a user namespace (k8s.io/pod-security-admission/policy,
 * check_procMount_baseline.go).
 */
export const procMount: Check = {
  id: 'procMount',
  level: 'baseline',
  versions: [
    { since: 0, check: forbidUnmasked },
    { since: 35, check: v1_35 },
  ],
};

/**
 * Forbids every procMount but `Default`, in a user namespace too (k8s.io/pod-security-admission/policy,
 * check_procMount_baseline.go).
 */
export function forbidUnmasked(pod: PodView): Finding | undefined {
  let containers: string[] | undefined;
  let types: Set<string> | undefined;
  for (const { name, securityContext } of pod.containers) {
    const type = securityContext?.procMount;
    if (typeof type !== 'string' || type === 'Default') continue;
    containers = listed(containers, name);
    types = noted(types, type.toWellFormed());
  }
  if (containers === undefined) return undefined;
  return {
    reason: 'procMount',
    detail: `${containersPhrase(containers)} must not set securityContext.procMount to ${joinQuote(sorted(types))}`,
  };
}

function v1_35(pod: PodView): Finding | undefined {
  return pod.userNamespace ? undefined : forbidUnmasked(pod);
}
