import type { PodSecurity } from '../../record/signal.ts';
import { at, isObject, type JsonObject } from '../decode/json.ts';
import { bitOfPart, POD_PARTS, type PodPart } from '../sigma/traits.ts';
import type { WrittenPod } from './written-pod.ts';

const bit = Object.fromEntries(
  Object.keys(POD_PARTS).map((part) => [part, bitOfPart(part as PodPart)]),
) as Record<PodPart, number>;

const ALL = Object.values(bit).reduce((bits, one) => bits | one);

/** What the keys of an object tell; those of the spec and of containers that matter most rules. */
const SPEC: ReadonlyMap<string, number> = new Map([
  ['hostIPC', bit.shared],
  ['hostNetwork', bit.shared],
  ['hostPID', bit.shared],
  ['shareProcessNamespace', bit.shared],
  ['initContainers', bit.initContainers],
  ['ephemeralContainers', bit.ephemeralContainers],
]);
const CONTAINER: ReadonlyMap<string, number> = new Map([
  ['securityContext', bit.securityContext],
  ['env', bit.env],
  ...['command', 'args', 'lifecycle', 'startupProbe', 'livenessProbe', 'readinessProbe'].map(
    (key) => [key, bit.command] as const,
  ),
]);
const METADATA: ReadonlyMap<string, number> = new Map([['annotations', bit.annotations]]);

const LISTS = ['containers', 'initContainers', 'ephemeralContainers'];

/**
 * Which parts the pod may have that a request writes, as bits: a part whose bit is not set it has not. Said from its keys alone; what is laid out as no
 * pod is may have all.
 */
export function podPartsOf({
  pod,
  podSecurity,
}: {
  readonly pod: WrittenPod | undefined;
  readonly podSecurity: PodSecurity | undefined;
}): number {
  if (!pod) return 0;
  let bits = bit.pod | partsIn(pod.metadata, METADATA) | partsIn(pod.spec, SPEC);
  if (podSecurity?.baseline) bits |= bit.baseline;
  if (podSecurity?.restricted) bits |= bit.restricted;
  for (const list of LISTS)
    bits |= partsInAll(at(pod.spec, list), (container) => partsIn(container, CONTAINER));
  bits |= partsInAll(at(pod.spec, 'volumes'), (volume) =>
    at(volume, 'hostPath') === undefined ? 0 : bit.hostPath,
  );
  return bits;
}

function partsInAll(list: unknown, parts: (element: unknown) => number): number {
  if (list === undefined) return 0;
  return Array.isArray(list) ? list.reduce((bits: number, element) => bits | parts(element), 0) : ALL;
}

function partsIn(object: unknown, parts: ReadonlyMap<string, number>): number {
  if (object === undefined) return 0;
  if (!isObject(object)) return ALL;
  let bits = 0;
  // A key with dots may be read as a path.
  for (const key of Object.keys(object as JsonObject))
    bits |= parts.get(key) ?? (key.includes('.') ? ALL : 0);
  return bits;
}
