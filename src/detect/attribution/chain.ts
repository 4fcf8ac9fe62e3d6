import type { Actor } from '../../record/signal.ts';
import type { ActorKind } from '../caller/kind.ts';
import { serviceAccountOf } from '../caller/service-account.ts';
import { at, listOf, stringOf } from '../decode/json.ts';
import { changesOf } from '../decode/managed-fields.ts';
import { creates, type Request, writesObject } from '../decode/request.ts';
import type { Draft } from '../draft.ts';
import type { ObjectVersion, Owner } from '../memory/object-history.ts';
import { objectPath, ownerOf } from '../memory/remembered.ts';

/** What attribution asks of the past. */
export interface Objects {
  object(path: string): ObjectVersion | undefined;
  readonly paths: Iterable<string>;
  /** Paths of workloads that run under a service account, and that no other object has made. */
  runBy(account: string): Iterable<string>;
}

/** Owners that are followed: Pod, ReplicaSet, Deployment and what an operator puts on top. */
const OWNERS_MAX = 6;

/** Workloads of a service account that are looked through for the one that uses it. */
const CANDIDATES_MAX = 1000;

const MANAGERS_MAX = 5;

/** Owners are named by kind, objects by resource. */
const RESOURCES: Readonly<Record<string, string>> = {
  Pod: 'pods',
  ReplicationController: 'replicationcontrollers',
  ReplicaSet: 'replicasets',
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
  Job: 'jobs',
  CronJob: 'cronjobs',
};

const KINDS: ReadonlyMap<string, string> = new Map(
  Object.entries(RESOURCES).map(([kind, resource]) => [resource, kind]),
);

/**
 * Follows who asked to who is behind it: through impersonation (who was authenticated is behind it), from a controller by owner references to the
 * author of the template, from a service account to the workload of its namespace that uses it. Only what the same namespace has shown is
 * known: records are divided by it.
 */
export function attribute(request: Request, kind: ActorKind, path: string, objects: Objects): Actor {
  const { caller } = request;
  const managers = kind === 'controller' || kind === 'service-account' ? managersOf(request) : [];
  const asked = caller.actingAs === undefined ? [caller.name] : [caller.actingAs, caller.name];
  const behind = linksBehind(request, kind, path, objects);
  const chain = [...asked, ...behind.map(({ text }) => text)];
  const author =
    behind.findLast(({ isAuthor }) => isAuthor)?.text ?? (kind === 'controller' ? undefined : caller.name);
  const actor: Draft<Actor> = { kind, chain };
  if (author) actor.author = author;
  if (managers.length > 0) actor.managers = managers;
  return actor;
}

function linksBehind(request: Request, kind: ActorKind, path: string, objects: Objects): Link[] {
  switch (kind) {
    case 'controller':
      return behindOwner(ownerOfRequest(request) ?? objects.object(path)?.owner, objects);
    case 'service-account':
      return behindServiceAccount(request, objects);
    default:
      return [];
  }
}

interface Link {
  readonly text: string;
  readonly isAuthor?: true;
}

function ownerOfRequest(request: Request): Owner | undefined {
  return (creates(request) ? ownerOf(request.responseObject) : undefined) ?? ownerOf(request.requestObject);
}

function behindOwner(first: Owner | undefined, objects: Objects): Link[] {
  const links: Link[] = [];
  for (let owner = first; owner && links.length < OWNERS_MAX; ) {
    links.push({ text: `${owner.kind}/${owner.name}` });
    const resource = Object.hasOwn(RESOURCES, owner.kind) ? RESOURCES[owner.kind] : undefined;
    const version = resource === undefined ? undefined : objects.object(objectPath(resource, owner.name));
    if (version && !version.owner && version.user) links.push({ text: version.user, isAuthor: true });
    owner = version?.owner;
  }
  return links;
}

/** In the `extra` of a token that is bound to a pod (k8s.io/apiserver/pkg/authentication/serviceaccount). */
const POD_NAME = 'authentication.kubernetes.io/pod-name';

function behindServiceAccount(request: Request, objects: Objects): Link[] {
  const account = serviceAccountOf(request.caller.name);
  const pod = stringOf(listOf(at(request.caller.field('user'), 'extra', POD_NAME))[0]);
  const isNear = account?.namespace === request.ref.namespace;
  const users = account && isNear ? [...usersOf(account.name, objects)].filter(runs(pod)) : [];
  const [only] = users;
  // Several workloads may share an account; then nobody can be named.
  if (!only || users.length > 1) return pod === undefined ? [] : [{ text: `Pod/${pod}` }];
  return behindOwner(only, objects);
}

/** Whether a workload can be the one that runs the pod: the names of its pods begin with its own. */
function runs(pod: string | undefined): (owner: Owner) => boolean {
  return ({ name }) => pod === undefined || pod === name || pod.startsWith(`${name}-`);
}

/** Workloads without an owner that run under the service account. */
function* usersOf(account: string, objects: Objects): Iterable<Owner> {
  let looked = 0;
  for (const path of objects.runBy(account)) {
    if (++looked > CANDIDATES_MAX) return;
    const [resource = '', name = ''] = path.split('/');
    const kind = KINDS.get(resource);
    if (kind !== undefined) yield { kind, name };
  }
}

/** Names under which the control plane itself and nodes write. */
const SYSTEM_MANAGERS = new Set(['kube-controller-manager', 'kubelet', 'kube-scheduler', 'kube-apiserver']);

function managersOf(request: Request): string[] {
  if (!writesObject(request)) return [];
  const { managers } = changesOf(request.responseObject ?? request.requestObject);
  return [...new Set(managers.map((name) => name.slice(0, 128)))]
    .filter((name) => !SYSTEM_MANAGERS.has(name))
    .slice(0, MANAGERS_MAX);
}
