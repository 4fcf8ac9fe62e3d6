import type { Check, Finding } from '../check.ts';
import { arrayOf, type JsonObject, objectElement, objectOf, stringOf } from '../json.ts';
import { joinQuote, listed, noted, pluralize, sorted } from '../message.ts';
import type { PodView } from '../pod-view.ts';

const ALLOWED: ReadonlySet<string> = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

/** In the reference's order: where a volume has several sources, the first is named. */
const RESTRICTED: readonly string[] = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'gitRepo',
  'nfs',
  'iscsi',
  'glusterfs',
  'rbd',
  'flexVolume',
  'cinder',
  'cephfs',
  'flocker',
  'fc',
  'azureFile',
  'vsphereVolume',
  'quobyte',
  'azureDisk',
  'photonPersistentDisk',
  'portworxVolume',
  'scaleIO',
  'storageos',
];
const RANK: ReadonlyMap<string, number> = new Map(RESTRICTED.map((source, rank) => [source, rank]));

/**
 * Only volume types without a path to the node or its network may be used (k8s.io/pod-security-admission/policy,
 * check_restrictedVolumes.go).
 */
export const restrictedVolumes: Check = {
  id: 'restrictedVolumes',
  level: 'restricted',
  versions: [{ since: 0, check: v1_0, overrides: 'hostPathVolumes' }],
};

function v1_0(pod: PodView): Finding | undefined {
  let volumes: string[] | undefined;
  let types: Set<string> | undefined;
  for (const item of arrayOf(pod.spec.volumes)) {
    const volume = objectElement(item);
    if (volume === undefined) continue;
    const type = forbiddenType(volume);
    if (type === undefined) continue;
    volumes = listed(volumes, stringOf(volume.name));
    types = noted(types, type);
  }
  if (volumes === undefined) return undefined;
  const values = sorted(types);
  const noun = pluralize('volume', 'volumes', volumes.length);
  const verb = pluralize('uses', 'use', volumes.length);
  const type = pluralize('restricted volume type', 'restricted volume types', values.length);
  return {
    reason: 'restricted volume types',
    detail: `${noun} ${joinQuote(volumes)} ${verb} ${type} ${joinQuote(values)}`,
  };
}

/** A volume with any allowed source is allowed, whatever else it has; one without a known source is not. */
function forbiddenType(volume: JsonObject): string | undefined {
  let first = RESTRICTED.length;
  for (const field of Object.keys(volume)) {
    if (objectOf(volume[field]) === undefined) continue;
    if (ALLOWED.has(field)) return undefined;
    first = Math.min(first, RANK.get(field) ?? first);
  }
  return RESTRICTED[first] ?? 'unknown';
}
