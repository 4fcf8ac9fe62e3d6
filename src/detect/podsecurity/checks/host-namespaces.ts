import type { Check, Finding } from '../check.ts';
import type { PodView } from '../pod-view.ts';

/**
 * The node's network, PID and IPC namespaces may not be shared (k8s.io/pod-security-admission/policy,
 * check_hostNamespaces.go).
 */
export const hostNamespaces: Check = {
  id: 'hostNamespaces',
  level: 'baseline',
  versions: [{ since: 0, check: v1_0 }],
};

function v1_0({ spec }: PodView): Finding | undefined {
  const shared: string[] = [];
  if (spec.hostNetwork === true) shared.push('hostNetwork=true');
  if (spec.hostPID === true) shared.push('hostPID=true');
  if (spec.hostIPC === true) shared.push('hostIPC=true');
  return shared.length === 0 ? undefined : { reason: 'host namespaces', detail: shared.join(', ') };
}
