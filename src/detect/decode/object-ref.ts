import { type JsonObject, stringOf } from './json.ts';
import { pathSegments } from './uri.ts';

/** Words before the resource in addresses of old clients (k8s.io/apiserver/pkg/endpoints/request, requestinfo.go). */
const OLD_VERBS: ReadonlySet<string> = new Set(['watch', 'proxy']);

/** What stands behind a Namespace's name and is no resource in it. */
const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(['status', 'finalize']);

/**
 * What an address says of the object that it asks for, as the API server reads it (requestinfo.go).
 * @returns undefined for an address of no resource, for example `/healthz` or the discovery at `/apis/apps/v1`
 */
export function objectRefIn(uri: string): Readonly<Record<string, string>> | undefined {
  const [prefix, ...segments] = pathSegments(uri);
  if (prefix !== 'api' && prefix !== 'apis') return undefined;
  const apiGroup = prefix === 'apis' ? segments.shift() : undefined;
  const [apiVersion, ...rest] = segments;
  if (OLD_VERBS.has(rest[0] ?? '')) rest.shift();
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2 && !NAMESPACE_SUBRESOURCES.has(rest[2]!);
  const namespace = rest[0] === 'namespaces' ? rest[1] : undefined;
  const [resource, name, subresource] = inNamespace ? rest.slice(2) : rest;
  if (!apiVersion || !resource) return undefined;
  return {
    resource,
    ...(namespace && { namespace }),
    ...(name && { name }),
    ...(apiGroup && { apiGroup }),
    apiVersion,
    ...(subresource && { subresource }),
  };
}

/**
 * The `objectRef` of an event, completed from its address: exports that trim events leave out parts, above all the API group. What the
 * event says stays as it is, and so does all of it if its address speaks of another object.
 */
export function completedRef(ref: JsonObject | undefined, uri: string | undefined): JsonObject | undefined {
  if (uri !== undefined && ref && saysAll(ref, uri)) return ref;
  const said = withGroup(ref);
  const told = uri === undefined ? undefined : objectRefIn(uri);
  if (!told) return said;
  // That a reference to a resource has no subresource is something that it says.
  const isSaid = (key: string) => said?.[key] || (key === 'subresource' && said?.resource);
  const missing = Object.entries(told).filter(([key]) => !isSaid(key));
  if (missing.length === 0) return said;
  const isAnother = ['resource', 'namespace', 'name'].some(
    (key) => said?.[key] && told[key] && said[key] !== told[key],
  );
  return isAnother ? said : { ...said, ...Object.fromEntries(missing) };
}

/** True for nearly every event that the API server wrote: its reference leads to its address, which then need not be taken apart. */
function saysAll(ref: JsonObject, uri: string): boolean {
  const resource = stringOf(ref.resource);
  if (resource === undefined || resource === 'namespaces') return false;
  const group = stringOf(ref.apiGroup);
  const namespace = stringOf(ref.namespace);
  const within = namespace === undefined ? '' : `/namespaces/${namespace}`;
  const version = `${group === undefined ? '/api' : `/apis/${group}`}/${stringOf(ref.apiVersion)}`;
  const collection = `${version}${within}/${resource}`;
  if (!uri.startsWith(collection)) return false;
  let end = collection.length;
  for (const part of [stringOf(ref.name), stringOf(ref.subresource)]) {
    if (part === undefined || !uri.startsWith(`/${part}`, end)) break;
    end += part.length + 1;
  }
  return uri.length === end || uri[end] === '?';
}

/** Some exports write group and version as one: `batch/v1`. */
function withGroup(ref: JsonObject | undefined): JsonObject | undefined {
  const [group, version] = stringOf(ref?.apiVersion)?.split('/') ?? [];
  return group && version && !ref?.apiGroup ? { ...ref, apiGroup: group } : ref;
}
