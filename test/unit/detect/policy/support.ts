import assert from 'node:assert/strict';
import { comparePolicy, namedByPatch } from '../../../../src/detect/policy/compare.ts';
import { type PolicyKind, policyKindOf } from '../../../../src/detect/policy/registry.ts';
import type { PolicyChange } from '../../../../src/record/signal.ts';

export const ADMISSION = 'admissionregistration.k8s.io';

/** The kind of `group/resource`. */
export function kindOf(path: string): PolicyKind {
  const end = path.lastIndexOf('/');
  const [apiGroup, resource] = [path.slice(0, Math.max(end, 0)), path.slice(end + 1)];
  const kind = policyKindOf({
    apiGroup,
    resource,
    namespace: 'opa',
    name: resource === 'configmaps' ? 'kyverno' : 'x',
  });
  assert.ok(kind, path);
  return kind;
}

export function compared(path: string, before: unknown, after: unknown): PolicyChange {
  return comparePolicy(kindOf(path), before, after);
}

export function named(path: string, patch: unknown, after: unknown): PolicyChange {
  return namedByPatch(kindOf(path), patch, after);
}

/** An object of one kind as an API server answers it. */
export function objectOf(fields: object): Record<string, unknown> {
  return {
    apiVersion: 'x/v1',
    kind: 'X',
    metadata: { name: 'x', uid: 'u', resourceVersion: '7', generation: 2, managedFields: [{ manager: 'm' }] },
    ...fields,
  };
}

/** The same object with every list the other way round. */
export function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed).reverse();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, reversed(inner)] as const)
      .reverse(),
  );
}

/** A copy in which the value at a path is another one; `undefined` removes it. */
export function withValue(object: unknown, path: string, value: unknown): Record<string, unknown> {
  const copy = structuredClone(object) as Record<string, unknown>;
  const keys = path.split('.');
  const last = keys.pop()!;
  // biome-ignore lint/suspicious/noExplicitAny: any JSON
  let node: any = copy;
  for (const key of keys) node = node[key] ??= {};
  if (value === undefined) delete node[last];
  else node[last] = value;
  return copy;
}
