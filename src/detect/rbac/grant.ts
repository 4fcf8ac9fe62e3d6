import { anyOf, at, isObject, stringOf } from '../decode/json.ts';
import { pointerSegments } from '../decode/json-pointer.ts';
import { type ObjectRef, type Request, writesObject } from '../decode/request.ts';
import { builtInPower } from './built-in.ts';
import { AGGREGATES_TO, type Power, powerOf } from './power.ts';
import { type Grantee, grantsOf, subjectNames } from './subjects.ts';

/** What a role lets its holders do, or a binding lets its subjects do; what is not known is absent. */
export interface Grant {
  readonly power?: readonly Power[] | undefined;
  /** Of a binding: the role that it binds, for example `ClusterRole/cluster-admin`. */
  readonly role?: string | undefined;
  readonly subjects?: readonly string[] | undefined;
  readonly grants_to?: readonly Grantee[] | undefined;
}

const ROLES = new Set(['roles', 'clusterroles']);
const BINDINGS = new Set(['rolebindings', 'clusterrolebindings']);

/** Trimmed events may lack the group; the core group has no resources of these names. */
const GROUPS = new Set(['rbac.authorization.k8s.io', '']);

/** True if the request can write a role or binding; nothing has been decoded yet. */
export function mayGrant({ ref, verb }: Pick<Request, 'ref' | 'verb'>): boolean {
  const { resource, apiGroup, subresource } = ref;
  const known = ROLES.has(resource) || BINDINGS.has(resource);
  return known && GROUPS.has(apiGroup) && subresource === '' && writesObject({ verb });
}

/** Fields that decide what a role or binding grants, and what may say in a patch that one goes away. */
const GRANTING = new Set(['rules', 'aggregationRule', 'roleRef', 'subjects', '$patch']);

/** Whether a patch leaves what an object grants as it was: labels and annotations do, but for the labels that add a role to another. */
export function leavesGrant(request: Request): boolean {
  if (request.verb !== 'patch') return false;
  const patch = request.requestObject;
  if (Array.isArray(patch)) return !patch.some(isGranting);
  if (!isObject(patch)) return false;
  return (
    !Object.keys(patch).some((field) => GRANTING.has(field)) && !aggregates(at(patch, 'metadata', 'labels'))
  );
}

function isGranting(operation: unknown): boolean {
  const [first, second, third] = pointerSegments(stringOf(at(operation, 'path')) ?? '');
  if (first !== 'metadata') return first === undefined || first === '' || GRANTING.has(first);
  if (second !== 'labels') return second === undefined;
  return third === undefined ? aggregates(at(operation, 'value')) : third.startsWith(AGGREGATES_TO);
}

function aggregates(labels: unknown): boolean {
  return isObject(labels) && Object.keys(labels).some((name) => name.startsWith(AGGREGATES_TO));
}

/**
 * What a role or binding grants.
 * @param object the role or binding, or a part of it
 * @param roleNamed a role that was seen before, to know what a binding to it grants
 */
export function grantOf(
  { resource }: Pick<ObjectRef, 'resource'>,
  object: unknown,
  roleNamed: (kind: string, name: string) => unknown,
): Grant {
  if (ROLES.has(resource)) return { power: anyOf(powerOf(object)) };
  const subjects = at(object, 'subjects');
  return {
    ...boundRole(at(object, 'roleRef'), roleNamed),
    subjects: anyOf(subjectNames(subjects)),
    grants_to: anyOf(grantsOf(subjects)),
  };
}

/** What a change of a role or binding grants that it did not before; a field is absent if there is nothing new in it. */
export interface Addition {
  readonly power_added?: readonly Power[] | undefined;
  readonly subjects_added?: readonly string[] | undefined;
  readonly grants_added?: readonly Grantee[] | undefined;
}

/** What a grant has and an earlier one of the same object had not. */
export function additionTo(before: Grant, after: Grant): Addition {
  return {
    power_added: anyOf(lacking(before.power?.flatMap(withNamed), after.power)),
    subjects_added: anyOf(lacking(before.subjects, after.subjects)),
    grants_added: anyOf(lacking(before.grants_to, after.grants_to)),
  };
}

/** Whoever may do something to all objects may do it to those that are named. */
function withNamed(power: Power): readonly string[] {
  return [power, `${power}-named`];
}

function lacking<Name extends string>(
  before: readonly string[] = [],
  after: readonly Name[] = [],
): readonly Name[] {
  const known = new Set<string>(before);
  return after.filter((name) => !known.has(name));
}

/** Longest name of an object (k8s.io/apimachinery/pkg/util/validation). */
const NAME_CHARS_MAX = 253;

function boundRole(
  roleRef: unknown,
  roleNamed: (kind: string, name: string) => unknown,
): Pick<Grant, 'power' | 'role'> {
  const name = stringOf(at(roleRef, 'name'))?.slice(0, NAME_CHARS_MAX);
  if (name === undefined) return {};
  const kind = at(roleRef, 'kind') === 'Role' ? 'Role' : 'ClusterRole';
  const known = powerOf(roleNamed(kind, name));
  const power = new Set([...(kind === 'Role' ? [] : builtInPower(name)), ...known]);
  // That others are added to the role, or it to others, is nothing that its subjects may do.
  power.delete('aggregation');
  return { role: `${kind}/${name}`, power: anyOf([...power]) };
}
