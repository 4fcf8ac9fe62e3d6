import { type JsonObject, stringOf } from './json.ts';
import type { ObjectRef } from './request.ts';
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

/**
 * True if an address tells nothing that the reference does not, as with nearly every event that the API server wrote: it names the resource in the same
 * place and is as long as one that is made of the reference's parts. It then need not be taken apart; where both speak of different objects, the reference is believed.
 */
export function saysAll(ref: ObjectRef, uri: string | undefined): boolean {
  if (uri === undefined) return false;
  const { resource, apiGroup, apiVersion, namespace, name, subresource } = ref;
  if (resource === '') return objectRefIn(uri) === undefined;
  if (apiVersion === '' || apiVersion.includes('/')) return false;
  if (!uri.startsWith(apiGroup === '' ? API : APIS)) return false;
  const isNamespace = resource === 'namespaces';
  let end = apiGroup === '' ? API.length : APIS.length + apiGroup.length + 1;
  end += apiVersion.length;
  if (namespace !== '' && !isNamespace) end += NAMESPACES.length + namespace.length;
  if (!uri.startsWith(resource, end + 1)) return false;
  end += 1 + resource.length;
  // Who creates an object names it in the body.
  if (pathEndsAt(uri, end)) return true;
  // A Namespace's own name counts as its namespace where the address names it.
  if (name === '' || (isNamespace && name !== namespace)) return false;
  end += 1 + name.length;
  return pathEndsAt(uri, subresource === '' ? end : end + 1 + subresource.length);
}

const API = '/api/';
const APIS = '/apis/';
const NAMESPACES = '/namespaces/';

function pathEndsAt(uri: string, end: number): boolean {
  return end === uri.length || uri.charCodeAt(end) === QUERY;
}

const QUERY = '?'.charCodeAt(0);

/** Some exports write group and version as one: `batch/v1`. */
function withGroup(ref: JsonObject | undefined): JsonObject | undefined {
  const [group, version] = stringOf(ref?.apiVersion)?.split('/') ?? [];
  return group && version && !ref?.apiGroup ? { ...ref, apiGroup: group } : ref;
}
