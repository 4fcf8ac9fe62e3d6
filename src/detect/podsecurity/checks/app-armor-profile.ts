import type { Check, Finding } from '../check.ts';
import { objectOf, stringOf } from '../json.ts';
import { compareBytes, joinQuote, listed, noted, pluralize, quote, setters, sorted } from '../message.ts';
import type { PodView } from '../pod-view.ts';

const ANNOTATION_PREFIX = 'container.apparmor.security.beta.kubernetes.io/';

/**
 * AppArmor may not be switched off, neither by field nor by annotation (k8s.io/pod-security-admission/policy,
 * check_appArmorProfile.go).
 */
export const appArmorProfile: Check = {
  id: 'appArmorProfile',
  level: 'baseline',
  versions: [{ since: 0, check: v1_0 }],
};

function v1_0(pod: PodView): Finding | undefined {
  let values: Set<string> | undefined;
  let containers: string[] | undefined;

  const podType = forbiddenType(pod.securityContext?.appArmorProfile);
  if (podType !== undefined) values = noted(values, podType);
  for (const { name, securityContext } of pod.containers) {
    const type = forbiddenType(securityContext?.appArmorProfile);
    if (type === undefined) continue;
    containers = listed(containers, name);
    values = noted(values, type);
  }

  const annotations = forbiddenAnnotations(pod);
  if (values === undefined && annotations === undefined) return undefined;

  const badValues = sorted(values);
  const badSetters: string[] = [];
  if (values !== undefined) badSetters.push(setters(podType !== undefined, containers));
  if (annotations !== undefined) {
    badValues.push(...annotations);
    badSetters.push(pluralize('annotation', 'annotations', annotations.length));
  }
  return {
    reason: pluralize('forbidden AppArmor profile', 'forbidden AppArmor profiles', badValues.length),
    detail: `${badSetters.join(' and ')} must not set AppArmor profile type to ${joinQuote(badValues)}`,
  };
}

function forbiddenType(profile: unknown): string | undefined {
  const object = objectOf(profile);
  if (object === undefined) return undefined;
  const type = stringOf(object.type);
  return type === 'RuntimeDefault' || type === 'Localhost' ? undefined : type;
}

/** Every annotation with the prefix counts, whether or not a container of that name exists. */
function forbiddenAnnotations(pod: PodView): string[] | undefined {
  let bad: string[] | undefined;
  for (const [key, value] of pod.annotations) {
    if (!key.startsWith(ANNOTATION_PREFIX) || isAllowedValue(value)) continue;
    bad = listed(bad, `${key}=${quote(value)}`);
  }
  return bad?.sort(compareBytes);
}

function isAllowedValue(value: string): boolean {
  return value === '' || value === 'runtime/default' || value.startsWith('localhost/');
}
