import type { Check } from '../check.ts';
import { forbidUnmasked } from './proc-mount.ts';

/**
 * Keeps the masks over /proc at level restricted when, from 1.35 on, baseline lifts them in a user namespace
 * (k8s.io/pod-security-admission/policy, check_procMount_restricted.go).
 */
export const procMountRestricted: Check = {
  id: 'procMount_restricted',
  level: 'restricted',
  versions: [{ since: 35, check: forbidUnmasked, overrides: 'procMount' }],
};
