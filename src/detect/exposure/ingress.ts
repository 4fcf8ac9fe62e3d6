import { at, isObject, listOf, stringOf, stringsOf } from '../decode/json.ts';
import type { WrittenObject } from '../memory/written-object.ts';
import { annotationsOf } from './annotations.ts';
import { ELEMENTS_MAX, type Exposed, numbersOf } from './exposed.ts';

export type IngressWay = 'ingress' | 'ingress-without-tls' | 'ingress-any-host' | 'ingress-snippet';

/** What an Ingress exposes, in the layout of networking.k8s.io/v1 or of the beta versions before it. */
export function exposedByIngress({ object, whole }: WrittenObject): Exposed<IngressWay> {
  const spec = at(object, 'spec');
  const rules = listOf(at(spec, 'rules')).slice(0, ELEMENTS_MAX);
  const hosts = rules.map((rule) => stringOf(at(rule, 'host')) ?? '');
  const paths = rules.flatMap((rule) => listOf(at(rule, 'http', 'paths')).slice(0, ELEMENTS_MAX));
  const fallback = [at(spec, 'defaultBackend'), at(spec, 'backend')].filter(isObject);
  const backends = [...fallback, ...paths.map((path) => at(path, 'backend'))];
  const annotations = annotationsOf(object);
  const how: IngressWay[] = ['ingress'];
  // What a patch does not say of TLS may be in the object.
  if (whole && lacksTls(spec, hosts, annotations)) how.push('ingress-without-tls');
  if (fallback.length > 0 || hosts.some((host) => host === '' || host.startsWith('*')))
    how.push('ingress-any-host');
  if ([...annotations.keys()].some((name) => SNIPPET.test(name))) how.push('ingress-snippet');
  return {
    how,
    connects: true,
    ranges: [],
    port: [],
    nodePort: [],
    names: [...hosts, ...backends.flatMap(serviceNames)],
    ports: [...numbersOf(backends, 'service', 'port', 'number'), ...numbersOf(backends, 'servicePort')],
  };
}

/** Configuration of the proxy in its own language: of ingress-nginx, nginx.org and haproxy (each under a prefix that can be changed). */
const SNIPPET = /(?:-|\/)snippets?$|\/config-(?:backend|frontend|defaults|global|proxy|tcp)/;

/** Where controllers of clouds and OpenShift take certificates from instead of `spec.tls`. */
const CERTIFICATES = [
  'alb.ingress.kubernetes.io/certificate-arn',
  'appgw.ingress.kubernetes.io/appgw-ssl-certificate',
  'ingress.gcp.kubernetes.io/pre-shared-cert',
  'networking.gke.io/managed-certificates',
  'nginx.ingress.kubernetes.io/ssl-passthrough',
  'route.openshift.io/termination',
  'traefik.ingress.kubernetes.io/router.tls',
];

/** Whether an annotation says something of how an Ingress is served. */
export function decidesServing(name: string): boolean {
  return SNIPPET.test(name) || CERTIFICATES.includes(name);
}

/** Whether a host is served without a certificate; `tls` without hosts is for all. */
function lacksTls(
  spec: unknown,
  hosts: readonly string[],
  annotations: ReadonlyMap<string, string>,
): boolean {
  if (CERTIFICATES.some((name) => annotations.has(name))) return false;
  const tls = listOf(at(spec, 'tls')).slice(0, ELEMENTS_MAX);
  if (tls.length === 0) return true;
  const covered = tls.map((entry) => stringsOf(at(entry, 'hosts'), ELEMENTS_MAX));
  if (covered.some((names) => names.length === 0)) return false;
  const names = new Set(covered.flat());
  return hosts.some((host) => host !== '' && !names.has(host) && !names.has(wildcardOf(host)));
}

function wildcardOf(host: string): string {
  return `*${host.slice(Math.max(host.indexOf('.'), 0))}`;
}

function serviceNames(backend: unknown): string[] {
  const name = stringOf(at(backend, 'service', 'name')) ?? stringOf(at(backend, 'serviceName'));
  return name === undefined ? [] : [name];
}
