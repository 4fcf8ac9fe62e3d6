import { at, listOf, stringsOf } from '../decode/json.ts';
import { type Exposed, numbersOf } from './exposed.ts';
import { identifyingLabels } from './sensitive.ts';

export type ServiceWay =
  | 'node-port'
  | 'load-balancer'
  | 'external-ips'
  | 'external-name'
  | 'load-balancer-status';

const TYPES: ReadonlyMap<unknown, ServiceWay> = new Map([
  ['NodePort', 'node-port'],
  ['LoadBalancer', 'load-balancer'],
  ['ExternalName', 'external-name'],
]);

/**
 * What a Service exposes. Of a write to its status only the address of its load balancer counts: it draws the traffic of that address,
 * and nobody but the cloud's controller has business there (CVE-2020-8554).
 */
export function exposedByService(service: unknown, subresource: string): Exposed<ServiceWay> {
  const spec = at(service, 'spec');
  const ports = at(spec, 'ports');
  const port = numbersOf(ports, 'port');
  return {
    how: subresource === 'status' ? statusWays(service) : ways(spec),
    connects: subresource === '' && at(spec, 'type') !== 'ExternalName',
    ranges: stringsOf(at(spec, 'loadBalancerSourceRanges')),
    port,
    nodePort: numbersOf(ports, 'nodePort'),
    names: identifyingLabels(at(spec, 'selector')),
    ports: [...port, ...numbersOf(ports, 'targetPort')],
  };
}

function ways(spec: unknown): ServiceWay[] {
  const type = TYPES.get(at(spec, 'type'));
  const external = listOf(at(spec, 'externalIPs')).length > 0;
  return [...(type ? [type] : []), ...(external ? (['external-ips'] as const) : [])];
}

function statusWays(service: unknown): ServiceWay[] {
  const addressed = listOf(at(service, 'status', 'loadBalancer', 'ingress')).length > 0;
  return addressed ? ['load-balancer-status'] : [];
}
