import type { NamespaceScope } from '../../record/namespace-scope.ts';
import type { PolicyChange } from '../../record/signal.ts';
import type { ObjectRef } from '../decode/request.ts';
import { comparePolicy } from './compare.ts';
import { policyKindOf } from './registry.ts';
import { type PolicyScope, type SeenObjects, scopesOf } from './scopes/scope.ts';

/** Versions of an object of admission control, as far as they are known. */
export interface PolicyVersions {
  readonly before: unknown;
  /** Undefined if it was deleted. */
  readonly after: unknown;
  /** Where it was not seen before: an object for the same namespaces. */
  readonly likened?: unknown;
}

/**
 * In which namespaces a weakening makes a difference to pods and workloads.
 * @returns nothing of what cannot be told
 */
export function weakenedIn(
  ref: ObjectRef,
  { before, after, likened }: PolicyVersions,
  seen: SeenObjects,
): Pick<PolicyChange, 'namespaces' | 'still'> {
  const kind = policyKindOf(ref, [before, after]);
  const scope = kind?.scope;
  if (!scope) return {};
  if (ref.name === '') return told(namespacesOfAll(scope, ref, seen));
  if (kind.defines !== undefined)
    return told(namespacesOfAll(scope, { ...ref, resource: kind.defines }, seen) ?? scope.unseen?.(ref));
  // What exempts weakens by being there.
  if (kind.created === 'weakened') return told(scope.namespaces(after, ref, seen));
  if (before === undefined) return told(likened ? scope.namespaces(likened, ref, seen) : scope.unseen?.(ref));
  const namespaces = refused(scope, before, ref, seen);
  if (!namespaces || after === undefined) return told(namespaces);
  const elsewhere = comparePolicy(kind, scope.unscoped(before), scope.unscoped(after));
  if (elsewhere.effect === 'weakened') return scope.onlyExempts ? {} : { namespaces };
  const still = scope.namespaces(after, ref, seen);
  return { namespaces, ...(still && { still }) };
}

function told(namespaces: readonly NamespaceScope[] | undefined): Pick<PolicyChange, 'namespaces'> {
  return namespaces ? { namespaces } : {};
}

function refused(scope: PolicyScope, object: unknown, ref: ObjectRef, seen: SeenObjects) {
  return scope.refuses?.(object) === false ? [] : scope.namespaces(object, ref, seen);
}

/** All objects of a kind are deleted. */
function namespacesOfAll(scope: PolicyScope, ref: ObjectRef, seen: SeenObjects) {
  const objects = seen(ref.resource);
  if (!objects) return undefined;
  const each = Array.from(objects, ([name, body]) =>
    body ? refused(scope, body, { ...ref, name }, seen) : [],
  );
  return scopesOf(each)?.flat();
}
