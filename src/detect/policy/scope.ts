import type { LabelSelector } from '../../record/label-selector.ts';
import { at, isObject, type JsonObject, listOf, stringOf, stringsOf } from '../decode/json.ts';
import type { ObjectRef } from '../decode/request.ts';

/** Selectors of namespaces kept of one object: as many as webhooks or bindings. */
const SELECTORS_MAX = 32;

/** What bindings are called of each kind of admission policy. */
export const BINDINGS: Readonly<Record<string, string>> = {
  validatingadmissionpolicies: 'validatingadmissionpolicybindings',
  mutatingadmissionpolicies: 'mutatingadmissionpolicybindings',
};

const GROUP = 'admissionregistration.k8s.io';

/** Objects of a kind as they were before the request, by name; those that were deleted without a body. Undefined if none was ever seen. */
export type SeenObjects = (resource: string) => ReadonlyMap<string, JsonObject | undefined> | undefined;

/**
 * The namespaces in which an object of admission control had a say before it was changed: those that any of the selectors selects. A policy has one where
 * it is bound.
 * @returns undefined if that is not known, or not said by selectors of namespaces
 */
export function namespacesOf(
  ref: ObjectRef,
  before: unknown,
  seen: SeenObjects,
): readonly LabelSelector[] | undefined {
  if (ref.apiGroup !== GROUP) return undefined;
  const { resource, name } = ref;
  if (name === '') {
    // All of them are deleted.
    const each = Array.from(seen(resource) ?? [], ([one, body]) =>
      body ? namespacesOf({ ...ref, name: one }, body, seen) : [],
    );
    return each.length === 0 || each.includes(undefined)
      ? undefined
      : each.flatMap((selectors) => selectors ?? []).slice(0, SELECTORS_MAX);
  }
  if (!isObject(before)) return undefined;
  if (resource.endsWith('webhookconfigurations'))
    return selectorsIn(listOf(before.webhooks).map((webhook) => at(webhook, 'namespaceSelector')));
  if (resource.endsWith('bindings'))
    return selectorsIn([at(before, 'spec', 'matchResources', 'namespaceSelector')]);
  const own = at(before, 'spec', 'matchConstraints', 'namespaceSelector');
  const bindings = seen(BINDINGS[resource] ?? '');
  const bound =
    bindings && Array.from(bindings.values()).filter((binding) => at(binding, 'spec', 'policyName') === name);
  if (!bound) return selectorsIn([own]);
  return selectorsIn(
    bound.map((binding) => bothOf(own, at(binding, 'spec', 'matchResources', 'namespaceSelector'))),
  );
}

function selectorsIn(values: readonly unknown[]): LabelSelector[] {
  return values.slice(0, SELECTORS_MAX).map(selectorOf);
}

function selectorOf(value: unknown): LabelSelector {
  const labels = at(value, 'matchLabels');
  const expressions = listOf(at(value, 'matchExpressions')).flatMap((expression) => {
    const [key, operator] = [stringOf(at(expression, 'key')), stringOf(at(expression, 'operator'))];
    if (key === undefined || operator === undefined) return [];
    return { key, operator, values: stringsOf(at(expression, 'values'), SELECTORS_MAX) };
  });
  const matchLabels = Object.entries(isObject(labels) ? labels : {}).flatMap(([key, label]) =>
    typeof label === 'string' ? [[key, label] as const] : [],
  );
  return {
    ...(matchLabels.length > 0 && { matchLabels: Object.fromEntries(matchLabels) }),
    ...(expressions.length > 0 && { matchExpressions: expressions }),
  };
}

function bothOf(a: unknown, b: unknown): unknown {
  const [one, other] = [selectorOf(a), selectorOf(b)];
  const asExpressions = ({ matchLabels = {}, matchExpressions = [] }: LabelSelector) => [
    ...Object.entries(matchLabels).map(([key, value]) => ({ key, operator: 'In', values: [value] })),
    ...matchExpressions,
  ];
  return { matchExpressions: [...asExpressions(one), ...asExpressions(other)] };
}
