import { BlockList, isIP } from 'node:net';
import { listOf, stringsOf } from '../decode/json.ts';
import type { Caller } from './caller.ts';

/** Whence and with what a request came. */
export interface Client {
  /** Address of the machine that the API server spoke with: a client, or a proxy before it. Nobody can choose it. */
  readonly peer?: string;
  /** Address of the client: the last public one that is named, else the peer's. */
  readonly ip?: string;
  /** The network that the address lies in: a private block as a whole, of public addresses what one provider mostly has. */
  readonly network?: string;
  /** Name of the program, without its version: `kubectl`. The client's choice. */
  readonly program?: string;
}

/** Addresses looked at, from the end: what a client claims stands first. */
const SOURCES_MAX = 16;
const PROGRAM_CHARS_MAX = 128;

/** Networks that the Internet does not route (RFC 1918, 6598, 1122, 3927, 4193, 4291). */
const PRIVATE: readonly (readonly [network: string, bits: number])[] = [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['::1', 128],
];

const PRIVATE_BLOCKS = PRIVATE.map(([network, bits]) => {
  const block = new BlockList();
  block.addSubnet(network, bits, familyOf(network));
  return { text: `${network}/${bits}`, block };
});

/**
 * The API server puts the addresses of X-Forwarded-For and X-Real-Ip before its peer's. Where a load balancer or a cloud's front end
 * stands before it, the peer is a private address and the client's own the last public one; what stands before that anybody can claim.
 */
export function clientOf(caller: Caller): Client {
  const sources = listOf(caller.field('sourceIPs')).slice(-SOURCES_MAX);
  const addresses = stringsOf(sources).filter((text) => isIP(text) !== 0);
  const peer = caller.sourceIp;
  const ip = addresses.findLast((address) => privateNetwork(address) === undefined) ?? peer;
  const program = /^[^/(]+/
    .exec(caller.userAgent ?? '')?.[0]
    .trim()
    .slice(0, PROGRAM_CHARS_MAX);
  return {
    ...(peer ? { peer } : {}),
    ...(ip ? { ip } : {}),
    ...(ip && isIP(ip) !== 0 ? { network: privateNetwork(ip) ?? publicNetwork(ip) } : {}),
    ...(program ? { program } : {}),
  };
}

function privateNetwork(address: string): string | undefined {
  return PRIVATE_BLOCKS.find(({ block }) => block.check(address, familyOf(address)))?.text;
}

function publicNetwork(address: string): string {
  if (familyOf(address) === 'ipv4') return `${address.split('.').slice(0, 2).join('.')}.0.0/16`;
  const [first, second] = address.toLowerCase().split(':');
  return `${first || 0}:${second || 0}::/32`;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
