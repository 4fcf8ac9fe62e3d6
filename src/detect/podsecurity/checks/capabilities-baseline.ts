import type { Check, Finding } from '../check.ts';
import { arrayOf, objectOf, stringElement } from '../json.ts';
import { containersPhrase, joinQuote, listed, noted, sorted } from '../message.ts';
import type { PodView } from '../pod-view.ts';

const ALLOWED: ReadonlySet<string> = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

/**
 * Only capabilities of the default set may be added (k8s.io/pod-security-admission/policy,
 * check_capabilities_baseline.go).
 */
export const capabilitiesBaseline: Check = {
  id: 'capabilities_baseline',
  level: 'baseline',
  versions: [{ since: 0, check: v1_0 }],
};

function v1_0(pod: PodView): Finding | undefined {
  let containers: string[] | undefined;
  let forbidden: Set<string> | undefined;
  for (const { name, securityContext } of pod.containers) {
    let valid = true;
    for (const item of arrayOf(objectOf(securityContext?.capabilities)?.add)) {
      const capability = stringElement(item);
      if (capability === undefined || ALLOWED.has(capability)) continue;
      valid = false;
      forbidden = noted(forbidden, capability);
    }
    if (!valid) containers = listed(containers, name);
  }
  if (containers === undefined) return undefined;
  return {
    reason: 'non-default capabilities',
    detail: `${containersPhrase(containers)} must not include ${joinQuote(sorted(forbidden))} in securityContext.capabilities.add`,
  };
}
