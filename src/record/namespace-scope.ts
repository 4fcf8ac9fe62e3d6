import { type LabelSelector, requirementsOf, selects } from './label-selector.ts';
import { patternCovers } from './pattern.ts';

/** Namespaces by their names and labels: all that is asked for must hold. */
export interface NamespaceScope extends LabelSelector {
  /** Names, of which any may be meant, with `*` and `?`; absent: all. */
  readonly names?: readonly string[];
  /** Names that are left out. */
  readonly except?: readonly string[];
}

/** A label that every namespace has: its name (k8s.io/api/core/v1, LabelMetadataName). */
export const NAME_LABEL = 'kubernetes.io/metadata.name';

/** What holds of a namespace without the label. */
const OPTING_OUT = new Set(['NotIn', 'DoesNotExist']);

/**
 * Whether a namespace is among those of any of some scopes.
 * @param labels undefined if they were never seen. Then it is not taken for one that opts out: most have no label that a scope excludes
 * @returns undefined if only its labels would tell
 */
export function within(
  scopes: readonly NamespaceScope[],
  name: string,
  labels: Readonly<Record<string, string>> | undefined,
): boolean | undefined {
  const found = scopes.map((scope) => covers(scope, name, labels));
  return found.includes(true) || (found.includes(undefined) ? undefined : false);
}

function covers(
  { names, except, ...selector }: NamespaceScope,
  name: string,
  labels: Readonly<Record<string, string>> | undefined,
): boolean | undefined {
  const isNamed = (pattern: string) => patternCovers(pattern, name);
  if ((names && !names.some(isNamed)) || except?.some(isNamed)) return false;
  if (labels) return selects(selector, { [NAME_LABEL]: name, ...labels });
  const asked = requirementsOf(selector);
  const ofName = asked.filter(({ key }) => key === NAME_LABEL);
  if (!selects({ matchExpressions: ofName }, { [NAME_LABEL]: name })) return false;
  const isOptedInto = asked.some(({ key, operator }) => key !== NAME_LABEL && !OPTING_OUT.has(operator));
  return isOptedInto ? undefined : true;
}
