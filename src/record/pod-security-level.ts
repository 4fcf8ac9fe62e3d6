/** Levels of the Pod Security Standards, the weakest first. */
const LEVELS: readonly string[] = ['privileged', 'baseline', 'restricted'];

/**
 * The place of a level among the others. None stands for privileged; a value that is no level is enforced as the strictest (`ParseLevel`,
 * k8s.io/pod-security-admission/api, helpers.go).
 */
export function strictness(level: string | undefined): number {
  const known = LEVELS.indexOf(level ?? 'privileged');
  return known < 0 ? LEVELS.length - 1 : known;
}
