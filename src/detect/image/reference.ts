/** What an image reference says, with what it leaves out filled in as container runtimes do. */
export interface ImageReference {
  /** Host, with its port if one is written, in lower case: `docker.io` where none is. */
  readonly registry: string;
  /** Registry and path, without tag and digest: `docker.io/library/nginx` for `nginx`. */
  readonly repository: string;
  /** As written, else `latest`; absent if only a digest is. */
  readonly tag?: string;
  /** As written, for example `sha256:…`. */
  readonly digest?: string;
}

const DEFAULT_REGISTRY = 'docker.io';

/** Kubernetes sets no limit; no registry takes a longer one. Cut, so that what is said of a pod stays bounded. */
const CHARS_MAX = 4096;

const DIGEST = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-f]{32,}$/i;

/**
 * Reads an image reference as its grammar and its defaults say (github.com/distribution/reference: reference.go, normalize.go).
 * What is no reference, and so cannot be pulled, is read as far as it goes.
 */
export function imageReference(image: string): ImageReference {
  const text = image.slice(0, CHARS_MAX);
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const name = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? '' : named.slice(colon + 1);
  const { registry, path } = located(name);
  const pinned = digest !== undefined && DIGEST.test(digest);
  return {
    registry,
    repository: `${registry}/${path}`,
    ...(tag !== '' ? { tag } : pinned ? {} : { tag: 'latest' }),
    ...(pinned ? { digest } : {}),
  };
}

/** True if the image may be another one tomorrow: no digest, and no tag but `latest`. */
export function isUnpinned({ tag, digest }: ImageReference): boolean {
  return digest === undefined && tag === 'latest';
}

/** What stands before the first slash is a host if it cannot be part of a path. */
function located(name: string): { registry: string; path: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const host = isHost ? first.toLowerCase() : DEFAULT_REGISTRY;
  const registry = host === 'index.docker.io' ? DEFAULT_REGISTRY : host;
  const path = isHost ? name.slice(slash + 1) : name;
  const official = registry === DEFAULT_REGISTRY && !path.includes('/');
  return { registry, path: official ? `library/${path}` : path };
}
