import type { Check, Finding } from '../check.ts';
import { objectOf, stringOf } from '../json.ts';
import { joinQuote, listed, noted, pluralize, quote, setters, sorted } from '../message.ts';
import type { PodView } from '../pod-view.ts';

const POD_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod';
const CONTAINER_ANNOTATION_PREFIX = 'container.seccomp.security.alpha.kubernetes.io/';

/**
 * Seccomp may not be switched off; before 1.19 it was set by annotation (k8s.io/pod-security-admission/policy,
 * check_seccompProfile_baseline.go).
 */
export const seccompProfileBaseline: Check = {
  id: 'seccompProfile_baseline',
  level: 'baseline',
  versions: [
    { since: 0, check: v1_0 },
    { since: 19, tightens: true, check: forbidSeccompTypes },
  ],
};

/** Only annotations of the pod and of containers that it has are looked at. */
function v1_0(pod: PodView): Finding | undefined {
  if (pod.annotations.size === 0) return undefined;
  let forbidden = judgeAnnotation(pod, POD_ANNOTATION, undefined);
  for (const { name } of pod.containers) {
    forbidden = judgeAnnotation(pod, CONTAINER_ANNOTATION_PREFIX + name, forbidden);
  }
  if (forbidden === undefined) return undefined;
  return {
    reason: 'seccompProfile',
    detail: `forbidden ${pluralize('annotation', 'annotations', forbidden.size)} ${sorted(forbidden).join(', ')}`,
  };
}

function judgeAnnotation(
  pod: PodView,
  key: string,
  forbidden: Set<string> | undefined,
): Set<string> | undefined {
  const value = pod.annotations.get(key);
  if (value === undefined || value === 'runtime/default' || value === 'docker/default') return forbidden;
  return value.startsWith('localhost/') ? forbidden : noted(forbidden, `${key}=${quote(value)}`);
}

/**
 * Forbids every seccompProfile.type but RuntimeDefault and Localhost, wherever a profile is set
 * (k8s.io/pod-security-admission/policy, check_seccompProfile_baseline.go; the restricted check says the same of
 * them).
 */
export function forbidSeccompTypes(pod: PodView): Finding | undefined {
  let types: Set<string> | undefined;
  let containers: string[] | undefined;
  const podType = forbiddenType(pod.securityContext?.seccompProfile);
  if (podType !== undefined) types = noted(types, podType);
  for (const { name, securityContext } of pod.containers) {
    const type = forbiddenType(securityContext?.seccompProfile);
    if (type === undefined) continue;
    containers = listed(containers, name);
    types = noted(types, type);
  }
  if (types === undefined) return undefined;
  return {
    reason: 'seccompProfile',
    detail: `${setters(podType !== undefined, containers)} must not set securityContext.seccompProfile.type to ${joinQuote(sorted(types))}`,
  };
}

/** The type of a profile if it is a forbidden one; a profile without a type counts as one with an empty type. */
function forbiddenType(profile: unknown): string | undefined {
  const object = objectOf(profile);
  if (object === undefined) return undefined;
  const type = stringOf(object.type);
  return type === 'RuntimeDefault' || type === 'Localhost' ? undefined : type;
}
