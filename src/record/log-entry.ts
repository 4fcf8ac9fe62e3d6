/** The method of an entry in Google Cloud's audit logs of a cluster, for example `io.k8s.core.v1.pods.exec.create`. */
export interface KubernetesMethod {
  readonly version: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
}

/** Between prefix and version stands the API group, in one of several spellings: the entry's `resourceName` has it in clear. */
const METHOD = /^io\.k8s\.[\w.]+\.(v\d\w*)\.(\w+)(?:\.(\w+))?\.(\w+)$/;

/** @returns undefined for a request without a resource (`io.k8s.get`), or of another service */
export function kubernetesMethod(name: unknown): KubernetesMethod | undefined {
  const [, version, resource, subresource, verb] = (typeof name === 'string' && METHOD.exec(name)) || [];
  return version && resource && verb
    ? { version, resource, ...(subresource && { subresource }), verb }
    : undefined;
}
