import { anyOf, at, isObject, type JsonObject, stringOf } from '../decode/json.ts';
import { pointerSegments } from '../decode/json-pointer.ts';
import { type ObjectRef, type Request, writesObject } from '../decode/request.ts';
import type { WrittenObject } from '../memory/written-object.ts';
import { decidesReach, reachOf } from './annotations.ts';
import type { Exposed } from './exposed.ts';
import { decidesServing, exposedByIngress, type IngressWay } from './ingress.ts';
import { exposedByGateway, exposedByHttpRoute, exposedByVirtualService, type RouteWay } from './route.ts';
import { identifyingLabels, isIdentifying, sensitiveThings } from './sensitive.ts';
import { exposedByService, type ServiceWay } from './service.ts';

/** How a Service, Ingress, Gateway or route makes something reachable from outside the cluster, and for whom. */
export interface Exposure {
  readonly how: readonly (ServiceWay | IngressWay | RouteWay | 'internet-facing')[];
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

/** A kind of object that exposes something. */
interface Kind {
  readonly groups: readonly string[];
  readonly exposed: (written: WrittenObject, ref: ObjectRef) => Exposed<ServiceWay | IngressWay | RouteWay>;
  /** Fields of its spec that decide how; the others only what happens behind it. */
  readonly fields: readonly string[];
}

/** By resource; trimmed events may lack the group. */
const KINDS: ReadonlyMap<string, Kind> = new Map(
  Object.entries<Kind>({
    services: {
      groups: [''],
      exposed: ({ object }, { subresource }) => exposedByService(object, subresource),
      fields: [
        'type',
        'ports',
        'externalIPs',
        'externalName',
        'loadBalancerClass',
        'loadBalancerIP',
        'loadBalancerSourceRanges',
      ],
    },
    ingresses: {
      groups: ['networking.k8s.io', 'extensions', ''],
      exposed: exposedByIngress,
      fields: ['rules', 'backend', 'defaultBackend', 'ingressClassName', 'tls'],
    },
    httproutes: {
      groups: ['gateway.networking.k8s.io', ''],
      exposed: ({ object }) => exposedByHttpRoute(object),
      fields: ['parentRefs', 'hostnames', 'rules'],
    },
    virtualservices: {
      groups: ['networking.istio.io', ''],
      exposed: ({ object }) => exposedByVirtualService(object),
      fields: ['gateways', 'hosts', 'http', 'tls', 'tcp'],
    },
    gateways: {
      groups: ['gateway.networking.k8s.io', 'networking.istio.io', ''],
      exposed: ({ object }) => exposedByGateway(object),
      fields: ['gatewayClassName', 'listeners', 'selector', 'servers'],
    },
  }),
);

/** The kind that a reference names, if it is one that exposes something. */
function kindOf({ resource, apiGroup }: Pick<ObjectRef, 'resource' | 'apiGroup'>): Kind | undefined {
  const kind = KINDS.get(resource);
  return kind?.groups.includes(apiGroup) ? kind : undefined;
}

/** True of objects that expose something. */
export function isExposing(ref: Pick<ObjectRef, 'resource' | 'apiGroup'>): boolean {
  return kindOf(ref) !== undefined;
}

/** The part of such an object that says how it is exposed, and what. */
export function exposingPart(object: JsonObject): JsonObject {
  const labels = at(object, 'metadata', 'labels');
  const annotations = at(object, 'metadata', 'annotations');
  return {
    metadata: {
      labels: isObject(labels) ? only(labels, isIdentifying) : undefined,
      annotations: isObject(annotations) ? only(annotations, isRead) : undefined,
    },
    spec: object.spec,
  };
}

function only(fields: JsonObject, isKept: (name: string) => boolean): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => isKept(name)));
}

/** True if the request can write how something is exposed; nothing has been decoded yet. */
export function mayExpose({ ref, verb }: Pick<Request, 'ref' | 'verb'>): boolean {
  const { resource, subresource } = ref;
  const written = subresource === '' || (resource === 'services' && subresource === 'status');
  return isExposing(ref) && written && writesObject({ verb });
}

/**
 * How the object that a request writes is exposed.
 * @param before the part of it that is remembered, as it was
 * @returns undefined if it is not, or if the request leaves that as it was or patches what has nothing to do with it
 */
export function exposureOf(
  request: Request,
  written: WrittenObject,
  before: JsonObject | undefined,
): Exposure | undefined {
  const { ref, verb } = request;
  const kind = kindOf(ref);
  if (!kind) return undefined;
  if (!before && verb === 'patch' && ref.subresource === '' && !concernsExposure(request.requestObject, kind))
    return undefined;
  const exposure = exposureIn(kind, ref, written);
  if (!exposure || !before) return exposure;
  const former = exposureIn(kind, ref, { object: before, whole: written.whole });
  return JSON.stringify(former) === JSON.stringify(exposure) ? undefined : exposure;
}

function exposureIn(kind: Kind, ref: ObjectRef, written: WrittenObject): Exposure | undefined {
  const { object } = written;
  const exposed = kind.exposed(written, ref);
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

/**
 * Whether a patch of an object that was never seen names what decides how it is exposed, or leads it to something sensitive. Labels, finalizers,
 * other annotations and other pods behind it do not: controllers write them all the time.
 */
function concernsExposure(patch: unknown, { fields }: Kind): boolean {
  const inSpec = (name: string) => name === DIRECTIVE || fields.includes(name);
  const isSensitive = (selector: unknown) => sensitiveThings(identifyingLabels(selector), '', []).length > 0;
  if (Array.isArray(patch)) {
    return patch.some((operation) => {
      const [first, second, third] = pointerSegments(stringOf(at(operation, 'path')) ?? '');
      const value = at(operation, 'value');
      if (second === 'selector' && isSensitive(third === undefined ? value : { [third]: value })) return true;
      if (first === 'spec') return second === undefined || inSpec(second);
      if (first !== 'metadata') return first === undefined;
      return second === undefined || (second === 'annotations' && (third === undefined || isRead(third)));
    });
  }
  const spec = at(patch, 'spec');
  if (isObject(spec) && (Object.keys(spec).some(inSpec) || isSensitive(spec.selector))) return true;
  const annotations = at(patch, 'metadata', 'annotations');
  return (
    annotations === null ||
    (isObject(annotations) && Object.keys(annotations).some((name) => name === DIRECTIVE || isRead(name)))
  );
}

/** In a strategic merge patch: may say that what is not named goes away. */
const DIRECTIVE = '$patch';

/** Whether an annotation is one of those looked at. */
function isRead(name: string): boolean {
  return decidesReach(name) || decidesServing(name);
}
