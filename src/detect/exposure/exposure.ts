import { anyOf, at, isObject, stringOf } from '../decode/json.ts';
import { pointerSegments } from '../decode/json-pointer.ts';
import { type Request, writesObject } from '../decode/request.ts';
import type { WrittenObject } from '../memory/written-object.ts';
import { reachOf } from './annotations.ts';
import { exposedByIngress, type IngressWay } from './ingress.ts';
import { identifyingLabels, sensitiveThings } from './sensitive.ts';
import { exposedByService, type ServiceWay } from './service.ts';

/** How a Service or Ingress makes something reachable from outside the cluster, and for whom. */
export interface Exposure {
  readonly how: readonly (ServiceWay | IngressWay | 'internet-facing')[];
  /** True if annotations ask for a load balancer that only the private network reaches. */
  readonly internal: boolean;
  /** Address ranges that may connect, as written: `0.0.0.0/0` where nothing restricts them. */
  readonly open_to?: readonly string[] | undefined;
  /** Ports of a Service. */
  readonly port?: readonly number[] | undefined;
  /** Ports of a Service that every node opens. */
  readonly node_port?: readonly number[] | undefined;
  /** Sensitive things, recognised by name, label, selector or port. */
  readonly what?: readonly string[] | undefined;
}

/** API groups by resource; trimmed events may lack the group. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  services: [''],
  ingresses: ['networking.k8s.io', 'extensions', ''],
};

/** True if the request can write how something is exposed; nothing has been decoded yet. */
export function mayExpose({ ref, verb }: Pick<Request, 'ref' | 'verb'>): boolean {
  const { resource, apiGroup, subresource } = ref;
  const known = Object.hasOwn(GROUPS, resource) && GROUPS[resource]!.includes(apiGroup);
  const written = subresource === '' || (resource === 'services' && subresource === 'status');
  return known && written && writesObject({ verb });
}

/**
 * How the object that a request writes is exposed.
 * @returns undefined if it is not, or if the request patches what has nothing to do with it
 */
export function exposureOf(request: Request, written: WrittenObject): Exposure | undefined {
  const { ref, verb } = request;
  if (verb === 'patch' && ref.subresource === '' && !concernsExposure(request.requestObject))
    return undefined;
  const { object } = written;
  const exposed =
    ref.resource === 'services' ? exposedByService(object, ref.subresource) : exposedByIngress(written);
  if (exposed.how.length === 0) return undefined;
  const reach = reachOf(object);
  const ranges = [...new Set([...exposed.ranges, ...reach.ranges])];
  const names = [
    ...[at(object, 'metadata', 'name'), ref.name].flatMap((name) => stringOf(name) ?? []),
    ...identifyingLabels(at(object, 'metadata', 'labels')),
    ...exposed.names,
  ];
  return {
    how: exposed.connects && reach.internetFacing ? [...exposed.how, 'internet-facing'] : exposed.how,
    internal: reach.internal,
    open_to: exposed.connects ? (anyOf(ranges) ?? ['0.0.0.0/0']) : undefined,
    port: anyOf(exposed.port),
    node_port: anyOf(exposed.nodePort),
    what: anyOf(sensitiveThings(names, ref.namespace, exposed.ports)),
  };
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Whether a patch speaks of the spec or of annotations: labels, finalizers and owners expose nothing. */
function concernsExposure(patch: unknown): boolean {
  if (Array.isArray(patch)) {
    return patch.some((operation) => {
      const [first, second] = pointerSegments(stringOf(at(operation, 'path')) ?? '');
      if (first === 'metadata') return second === undefined || second === 'annotations';
      return first === undefined || first === 'spec';
    });
  }
  const annotations = at(patch, 'metadata', 'annotations');
  const annotated = isObject(annotations) && Object.keys(annotations).some((name) => name !== LAST_APPLIED);
  return at(patch, 'spec') !== undefined || annotated || annotations === null;
}
