import type { Check, Finding } from '../check.ts';
import { objectOf, stringOf } from '../json.ts';
import { joinQuote, listed, noted, pluralize, setters, sorted } from '../message.ts';
import type { PodView } from '../pod-view.ts';

const TYPES_1_0: ReadonlySet<string> = new Set(['', 'container_t', 'container_init_t', 'container_kvm_t']);
const TYPES_1_31: ReadonlySet<string> = new Set([...TYPES_1_0, 'container_engine_t']);

/**
 * Only container types of SELinux, and no user or role of one's own (k8s.io/pod-security-admission/policy,
 * check_seLinuxOptions.go).
 */
export const seLinuxOptions: Check = {
  id: 'seLinuxOptions',
  level: 'baseline',
  versions: [
    { since: 0, check: (pod) => judge(pod, TYPES_1_0) },
    { since: 31, check: (pod) => judge(pod, TYPES_1_31) },
  ],
};

/** What was seen of one or more seLinuxOptions. */
interface Seen {
  types: Set<string> | undefined;
  user: boolean;
  role: boolean;
}

function judge(pod: PodView, allowed: ReadonlySet<string>): Finding | undefined {
  const seen: Seen = { types: undefined, user: false, role: false };
  const podForbidden = forbids(pod.securityContext?.seLinuxOptions, allowed, seen);
  let containers: string[] | undefined;
  for (const { name, securityContext } of pod.containers) {
    if (forbids(securityContext?.seLinuxOptions, allowed, seen)) containers = listed(containers, name);
  }
  if (!podForbidden && containers === undefined) return undefined;

  const what: string[] = [];
  if (seen.types !== undefined) {
    what.push(`${pluralize('type', 'types', seen.types.size)} ${joinQuote(sorted(seen.types))}`);
  }
  if (seen.user) what.push('user may not be set');
  if (seen.role) what.push('role may not be set');
  return {
    reason: 'seLinuxOptions',
    detail: `${setters(podForbidden, containers)} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}`,
  };
}

function forbids(value: unknown, allowed: ReadonlySet<string>, seen: Seen): boolean {
  const options = objectOf(value);
  if (options === undefined) return false;
  const type = stringOf(options.type);
  const typeForbidden = !allowed.has(type);
  const userSet = stringOf(options.user) !== '';
  const roleSet = stringOf(options.role) !== '';
  if (typeForbidden) seen.types = noted(seen.types, type);
  if (userSet) seen.user = true;
  if (roleSet) seen.role = true;
  return typeForbidden || userSet || roleSet;
}
