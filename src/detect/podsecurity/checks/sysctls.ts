import type { Check, Finding } from '../check.ts';
import { arrayOf, objectElement, stringOf } from '../json.ts';
import { listed } from '../message.ts';
import type { PodView } from '../pod-view.ts';

const SAFE_1_0: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
]);
const SAFE_1_27: ReadonlySet<string> = new Set([...SAFE_1_0, 'net.ipv4.ip_local_reserved_ports']);
const SAFE_1_29: ReadonlySet<string> = new Set([
  ...SAFE_1_27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
]);
const SAFE_1_32: ReadonlySet<string> = new Set([...SAFE_1_29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']);
const SAFE_1_37: ReadonlySet<string> = new Set([
  ...SAFE_1_32,
  'net.ipv4.tcp_slow_start_after_idle',
  'net.ipv4.tcp_notsent_lowat',
]);

/**
 * Only sysctls that are namespaced and isolated between pods may be set (k8s.io/pod-security-admission/policy,
 * check_sysctls.go).
 */
export const sysctls: Check = {
  id: 'sysctls',
  level: 'baseline',
  versions: [
    { since: 0, check: (pod) => judge(pod, SAFE_1_0) },
    { since: 27, check: (pod) => judge(pod, SAFE_1_27) },
    { since: 29, check: (pod) => judge(pod, SAFE_1_29) },
    { since: 32, check: (pod) => judge(pod, SAFE_1_32) },
    { since: 37, check: (pod) => judge(pod, SAFE_1_37) },
  ],
};

function judge(pod: PodView, safe: ReadonlySet<string>): Finding | undefined {
  let forbidden: string[] | undefined;
  for (const item of arrayOf(pod.securityContext?.sysctls)) {
    const sysctl = objectElement(item);
    if (sysctl === undefined) continue;
    const name = stringOf(sysctl.name);
    if (!safe.has(name)) forbidden = listed(forbidden, name);
  }
  if (forbidden === undefined) return undefined;
  return { reason: 'forbidden sysctls', detail: forbidden.join(', ') };
}
