/** English for names of Kubernetes resources, which are plural. */

/** `pods` to `pod`, `networkpolicies` to `networkpolicy`, `ingresses` to `ingress`; what is no plural stays. */
export function singular(resource: string): string {
  if (/^endpoints$/.test(resource)) return resource;
  if (/ies$/.test(resource)) return resource.replace(/ies$/, 'y');
  if (/(?:ss|x|ch)es$/.test(resource)) return resource.replace(/es$/, '');
  return /[^s]s$/.test(resource) ? resource.slice(0, -1) : resource;
}

export function withArticle(noun: string): string {
  return `${/^[aeio]/.test(noun) ? 'an' : 'a'} ${noun}`;
}
