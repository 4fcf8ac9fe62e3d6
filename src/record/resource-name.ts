/** An API resource as reviews name it. */
export interface ResourceName {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/**
 * The resource of a kind, as clients guess it that have no discovery (`UnsafeGuessKindToResource`, k8s.io/apimachinery
 * pkg/api/meta, restmapper.go): right for all that comes with Kubernetes, and for custom ones with a regular plural.
 * @returns an empty name for a kind that is none
 */
export function resourceOfKind(kind: unknown): string {
  if (typeof kind !== 'string' || kind === '') return '';
  const singular = kind.toLowerCase();
  if (singular.endsWith('endpoints')) return singular;
  if (singular.endsWith('s')) return `${singular}es`;
  return singular.endsWith('y') ? `${singular.slice(0, -1)}ies` : `${singular}s`;
}

const GVR = /^([^/,]*)\/([^/,]+), Resource=([^/,\s]+)$/;

/** Reads a `GroupVersionResource` as Go prints it: `apps/v1, Resource=deployments`. */
export function parseGroupVersionResource(text: unknown): ResourceName | undefined {
  const [, group, version, resource] = (typeof text === 'string' && GVR.exec(text)) || [];
  return version && resource ? { group: group ?? '', version, resource } : undefined;
}
