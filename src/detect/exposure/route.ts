import { at, listOf, stringOf, stringsOf } from '../decode/json.ts';
import { ELEMENTS_MAX, type Exposed, numbersOf } from './exposed.ts';

export type RouteWay = 'gateway' | 'route';

/** What a Gateway lets in, of the Gateway API (`listeners`) or of Istio (`servers`). */
export function exposedByGateway(gateway: unknown): Exposed<RouteWay> {
  const listeners = listOf(at(gateway, 'spec', 'listeners')).slice(0, ELEMENTS_MAX);
  const servers = listOf(at(gateway, 'spec', 'servers')).slice(0, ELEMENTS_MAX);
  return {
    ...NOTHING_OF_ITS_OWN,
    how: listeners.length > 0 || servers.length > 0 ? ['gateway'] : [],
    port: [...numbersOf(listeners, 'port'), ...numbersOf(servers, 'port', 'number')],
    names: [
      ...listeners.flatMap((listener) => stringOf(at(listener, 'hostname')) ?? []),
      ...servers.flatMap((server) => stringsOf(at(server, 'hosts'), ELEMENTS_MAX)),
    ],
  };
}

/** What an HTTPRoute leads to. */
export function exposedByHttpRoute(route: unknown): Exposed<RouteWay> {
  const spec = at(route, 'spec');
  const backends = elementsOf(at(spec, 'rules'), 'backendRefs');
  return {
    ...NOTHING_OF_ITS_OWN,
    how: listOf(at(spec, 'parentRefs')).length > 0 ? ['route'] : [],
    names: [
      ...stringsOf(at(spec, 'hostnames'), ELEMENTS_MAX),
      ...backends.flatMap((backend) => stringOf(at(backend, 'name')) ?? []),
    ],
    ports: numbersOf(backends, 'port'),
  };
}

/** What a VirtualService leads to; one that names no gateway is for the mesh only. */
export function exposedByVirtualService(service: unknown): Exposed<RouteWay> {
  const spec = at(service, 'spec');
  const gateways = stringsOf(at(spec, 'gateways'), ELEMENTS_MAX);
  const destinations = ['http', 'tls', 'tcp'].flatMap((kind) => elementsOf(at(spec, kind), 'route'));
  return {
    ...NOTHING_OF_ITS_OWN,
    how: gateways.some((name) => name !== 'mesh') ? ['route'] : [],
    names: [
      ...stringsOf(at(spec, 'hosts'), ELEMENTS_MAX),
      ...destinations.flatMap((one) => stringOf(at(one, 'destination', 'host')) ?? []),
    ],
    ports: numbersOf(destinations, 'destination', 'port', 'number'),
  };
}

const NOTHING_OF_ITS_OWN = { connects: true, ranges: [], port: [], nodePort: [], ports: [] };

/** The elements of the lists that the elements of a list hold in a field. */
function elementsOf(list: unknown, field: string): readonly unknown[] {
  return listOf(list)
    .slice(0, ELEMENTS_MAX)
    .flatMap((element) => listOf(at(element, field)).slice(0, ELEMENTS_MAX));
}
