import type { Check, Finding } from '../check.ts';
import { type JsonObject, objectOf } from '../json.ts';
import { listed, setters } from '../message.ts';
import type { PodView } from '../pod-view.ts';

/**
 * No process of a Windows node may be asked for (k8s.io/pod-security-admission/policy,
 * check_windowsHostProcess.go).
 */
export const windowsHostProcess: Check = {
  id: 'windowsHostProcess',
  level: 'baseline',
  versions: [{ since: 0, check: v1_0 }],
};

function v1_0(pod: PodView): Finding | undefined {
  const podIsHost = isHostProcess(pod.securityContext);
  let containers: string[] | undefined;
  for (const { name, securityContext } of pod.containers) {
    if (isHostProcess(securityContext)) containers = listed(containers, name);
  }
  if (!podIsHost && containers === undefined) return undefined;
  return {
    reason: 'hostProcess',
    detail: `${setters(podIsHost, containers)} must not set securityContext.windowsOptions.hostProcess=true`,
  };
}

function isHostProcess(securityContext: JsonObject | undefined): boolean {
  return objectOf(securityContext?.windowsOptions)?.hostProcess === true;
}
