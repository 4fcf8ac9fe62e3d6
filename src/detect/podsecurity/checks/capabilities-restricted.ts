import type { Check, Finding } from '../check.ts';
import { arrayOf, objectOf, stringElement } from '../json.ts';
import { containersPhrase, joinQuote, listed, noted, sorted } from '../message.ts';
import type { PodView } from '../pod-view.ts';

/**
 * Every container must drop ALL and may add only NET_BIND_SERVICE (k8s.io/pod-security-admission/policy,
 * check_capabilities_restricted.go).
 */
export const capabilitiesRestricted: Check = {
  id: 'capabilities_restricted',
  level: 'restricted',
  versions: [
    { since: 22, check: v1_22, overrides: 'capabilities_baseline' },
    { since: 25, check: v1_25, overrides: 'capabilities_baseline' },
  ],
};

function v1_22(pod: PodView): Finding | undefined {
  let missingDrop: string[] | undefined;
  let adding: string[] | undefined;
  let forbidden: Set<string> | undefined;
  for (const { name, securityContext } of pod.containers) {
    const capabilities = objectOf(securityContext?.capabilities);
    if (!arrayOf(capabilities?.drop).includes('ALL')) missingDrop = listed(missingDrop, name);

    let valid = true;
    for (const item of arrayOf(capabilities?.add)) {
      const capability = stringElement(item);
      if (capability === undefined || capability === 'NET_BIND_SERVICE') continue;
      valid = false;
      forbidden = noted(forbidden, capability);
    }
    if (!valid) adding = listed(adding, name);
  }

  const details: string[] = [];
  if (missingDrop !== undefined) {
    details.push(`${containersPhrase(missingDrop)} must set securityContext.capabilities.drop=["ALL"]`);
  }
  if (adding !== undefined) {
    details.push(
      `${containersPhrase(adding)} must not include ${joinQuote(sorted(forbidden))} in securityContext.capabilities.add`,
    );
  }
  if (details.length === 0) return undefined;
  return { reason: 'unrestricted capabilities', detail: details.join('; ') };
}

/** API validation forbids capabilities in Windows pods, so they cannot be asked to drop them. */
function v1_25(pod: PodView): Finding | undefined {
  return pod.windows ? undefined : v1_22(pod);
}
