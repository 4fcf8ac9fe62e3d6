import { at, isObject, type JsonObject, listOf, objectOf, stringOf } from '../decode/json.ts';
import type { ObjectRef } from '../decode/request.ts';
import { exposingPart, isExposing } from '../exposure/exposure.ts';
import { podOf, serviceAccountOf } from '../podsecurity/pod-template.ts';
import { policyFacts } from '../policy/facts.ts';
import { policyKindOf } from '../policy/registry.ts';
import type { Owner } from './object-history.ts';

/** The part of an object that a later event is compared with; undefined if there is nothing in it to remember. */
type Trim = (object: JsonObject, resource: string) => JsonObject | undefined;

/** Pods that have an owner are many, and what is to be known of them is known of their owner. */
const pod: Trim = (object) =>
  object.metadata !== undefined && ownerOf(object) ? undefined : withPod(object, 'pods');

/** Scale, status and counters of a workload change all the time; its template says what it runs. */
function withPod(object: JsonObject, resource: string): JsonObject | undefined {
  const found = podOf(object, resource);
  if (!found) return undefined;
  const { spec, metadata } = found;
  const kept = { metadata: { annotations: at(metadata, 'annotations') }, spec };
  return {
    kind: object.kind,
    apiVersion: object.apiVersion,
    ...nested(found.path === '' ? [] : found.path.split('.'), kept),
  };
}

function nested(path: readonly string[], value: JsonObject): JsonObject {
  return path.reduceRight<JsonObject>((inner, field) => ({ [field]: inner }), value);
}

const fields =
  (...names: readonly string[]): Trim =>
  (object) =>
    Object.fromEntries(names.map((name) => [name, object[name]]));

const role: Trim = (object) => ({
  rules: object.rules,
  aggregationRule: object.aggregationRule,
  metadata: { labels: at(object, 'metadata', 'labels') },
});

/** A kind of object that is remembered. */
interface Kind {
  readonly groups: readonly string[];
  readonly trim: Trim;
}

/** Events of some sources lack the group. */
const workload: Kind = { groups: ['apps', 'extensions', ''], trim: withPod };
const job: Kind = { groups: ['batch', ''], trim: withPod };
const rbac = (trim: Trim): Kind => ({ groups: ['rbac.authorization.k8s.io', ''], trim });

/** What is remembered, by resource. */
const KINDS: ReadonlyMap<string, Kind> = new Map(
  Object.entries<Kind>({
    pods: { groups: [''], trim: pod },
    podtemplates: { groups: [''], trim: withPod },
    replicationcontrollers: { groups: [''], trim: withPod },
    replicasets: workload,
    deployments: workload,
    statefulsets: workload,
    daemonsets: workload,
    jobs: job,
    cronjobs: job,
    roles: rbac(role),
    clusterroles: rbac(role),
    rolebindings: rbac(fields('roleRef', 'subjects')),
    clusterrolebindings: rbac(fields('roleRef', 'subjects')),
  }),
);

const exposing: Pick<Kind, 'trim'> = { trim: exposingPart };

function kindOf(ref: Pick<ObjectRef, 'resource' | 'apiGroup'>): Pick<Kind, 'trim'> | undefined {
  if (isExposing(ref)) return exposing;
  const { resource, apiGroup } = ref;
  const kind = KINDS.get(resource);
  return kind?.groups.includes(apiGroup) ? kind : undefined;
}

/** Whether objects of this kind are remembered; nothing of the request has to be decoded to know. */
export function isRemembered(ref: ObjectRef): boolean {
  return kindOf(ref) !== undefined || policyKindOf(ref) !== undefined;
}

/** What is remembered of an object; undefined if nothing. */
export function trimmed(object: unknown, ref: ObjectRef): JsonObject | undefined {
  if (!isObject(object)) return undefined;
  const policy = policyKindOf(ref, [object]);
  return policy ? policyFacts(policy, object) : kindOf(ref)?.trim(object, ref.resource);
}

/** Tells an object from the others of its namespace. One that can be written through several API groups is the same in all. */
export function objectPath(resource: string, name: string): string {
  return `${resource}/${name}`;
}

/** The service account under which a workload runs; undefined for other objects, and for what another object has made. */
export function accountOf(object: JsonObject, { resource }: ObjectRef): string | undefined {
  const pod = ownerOf(object) ? undefined : podOf(object, resource);
  return pod && (stringOf(serviceAccountOf(objectOf(pod.spec))) ?? 'default');
}

/** Where it is remembered which policies and bindings have a say in a namespace, as an object whose field `judges` names them. */
export const JUDGES = objectPath('judges', '');

/** The owner reference of the controller that made an object, else its first. */
export function ownerOf(object: unknown): Owner | undefined {
  const references = listOf(at(object, 'metadata', 'ownerReferences'));
  const owner = references.find((one) => at(one, 'controller') === true) ?? references[0];
  const name = stringOf(at(owner, 'name'));
  return name === undefined ? undefined : { kind: stringOf(at(owner, 'kind')) ?? 'object', name };
}
