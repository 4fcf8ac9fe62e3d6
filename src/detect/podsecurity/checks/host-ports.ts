import type { Check, Finding } from '../check.ts';
import { arrayOf, objectElement } from '../json.ts';
import { containersPhrase, listed, noted, pluralize, sorted } from '../message.ts';
import type { PodView } from '../pod-view.ts';

/** Ports of the node may not be bound (k8s.io/pod-security-admission/policy, check_hostPorts.go). */
export const hostPorts: Check = {
  id: 'hostPorts',
  level: 'baseline',
  versions: [{ since: 0, check: v1_0 }],
};

function v1_0(pod: PodView): Finding | undefined {
  let containers: string[] | undefined;
  let ports: Set<string> | undefined;
  for (const { name, spec } of pod.containers) {
    let valid = true;
    for (const item of arrayOf(spec.ports)) {
      const port = objectElement(item)?.hostPort;
      if (!isInt32(port) || port === 0) continue;
      valid = false;
      ports = noted(ports, String(port));
    }
    if (!valid) containers = listed(containers, name);
  }
  if (containers === undefined) return undefined;
  // Ports are sorted as text: "10" comes before "9".
  const list = sorted(ports);
  const verb = pluralize('uses', 'use', containers.length);
  const noun = pluralize('hostPort', 'hostPorts', list.length);
  return { reason: 'hostPort', detail: `${containersPhrase(containers)} ${verb} ${noun} ${list.join(', ')}` };
}

/** The field's type in k8s.io/api/core/v1; every other number is a wrong type. */
function isInt32(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value;
}
