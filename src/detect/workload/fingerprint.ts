import { contentId } from '../../record/record.ts';
import { at, listOf } from '../decode/json.ts';

/** Fields of a pod that decide what it may do on its node and in whose name. */
const OF_POD = [
  'hostNetwork',
  'hostPID',
  'hostIPC',
  'hostUsers',
  'shareProcessNamespace',
  'securityContext',
  'serviceAccountName',
  'automountServiceAccountToken',
  'runtimeClassName',
];

const CONTAINERS = ['initContainers', 'containers', 'ephemeralContainers'];

/** Of a container: what runs, and with which rights and paths. */
const OF_CONTAINER = ['name', 'image', 'command', 'args', 'securityContext', 'volumeMounts', 'ports'];

/** An identity of what matters for security in a pod's spec: whatever else is filled in or changed, and in whatever order its fields are written. */
export function fingerprintOf(spec: unknown): string {
  const parts = [
    OF_POD.map((field) => at(spec, field)),
    CONTAINERS.map((list) =>
      listOf(at(spec, list)).map((container) => OF_CONTAINER.map((field) => at(container, field))),
    ),
    listOf(at(spec, 'volumes')).map((volume) => [at(volume, 'name'), at(volume, 'hostPath')]),
  ];
  return contentId('pod', JSON.stringify(parts, inOrder));
}

/** Keys of objects by name; an empty object is none, since a client may leave it out. */
function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
