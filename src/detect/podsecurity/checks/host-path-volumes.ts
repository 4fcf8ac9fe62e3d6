import type { Check, Finding } from '../check.ts';
import { arrayOf, objectElement, objectOf, stringOf } from '../json.ts';
import { joinQuote, listed, pluralize } from '../message.ts';
import type { PodView } from '../pod-view.ts';

/** Folders of the node may not be mounted (k8s.io/pod-security-admission/policy, check_hostPathVolumes.go). */
export const hostPathVolumes: Check = {
  id: 'hostPathVolumes',
  level: 'baseline',
  versions: [{ since: 0, check: v1_0 }],
};

function v1_0(pod: PodView): Finding | undefined {
  let volumes: string[] | undefined;
  for (const item of arrayOf(pod.spec.volumes)) {
    const volume = objectElement(item);
    if (objectOf(volume?.hostPath) !== undefined) volumes = listed(volumes, stringOf(volume?.name));
  }
  if (volumes === undefined) return undefined;
  return {
    reason: 'hostPath volumes',
    detail: `${pluralize('volume', 'volumes', volumes.length)} ${joinQuote(volumes)}`,
  };
}
