import { isIP } from 'node:net';

/** IPv4 written as IPv6 (`::ffff:10.0.0.1`): the 96 bits before the address. */
const MAPPED_PREFIX = 0xffffn;
const MAPPED_BITS = 96;

/** Longest text that can be an address with a zone; longer ones are not looked at. */
const ADDRESS_CHARACTERS_MAX = 64;

const NETWORK_FORM = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/;

/** An address as a number of 32 bits (IPv4) or 128 bits (IPv6). */
type Address = number | bigint;

const bitsOf = (address: Address): number => (typeof address === 'number' ? 32 : 128);

/** An address, and how many of its bits tell its network from others. */
export interface Network {
  readonly address: Address;
  readonly prefix: number;
}

/** An address (a network of its own) or a network in CIDR notation; bits behind the prefix do not count. `undefined` for any other text. */
export function parseNetwork(text: string): Network | undefined {
  const [, written = '', length] = NETWORK_FORM.exec(text) ?? [];
  const address = parseAddress(written);
  if (address === undefined) return undefined;
  const prefix = length === undefined ? bitsOf(address) : Number(length);
  if (prefix > bitsOf(address)) return undefined;
  const mapped = prefix < MAPPED_BITS ? undefined : mappedAddress(address);
  return mapped === undefined ? { address, prefix } : { address: mapped, prefix: prefix - MAPPED_BITS };
}

/** Networks, a set for each length of prefix: an address costs as many look-ups as there are lengths, however many networks. */
export class NetworkSet {
  readonly #ipv4 = new Map<number, Set<number>>();
  readonly #ipv6 = new Map<number, Set<bigint>>();

  constructor(networks: Iterable<Network>) {
    for (const { address, prefix } of networks) {
      if (typeof address === 'number') add(this.#ipv4, prefix, cut4(address, prefix));
      else add(this.#ipv6, prefix, cut6(address, prefix));
    }
  }

  /** Whether a text is an address of one of the networks. A zone (`fe80::1%eth0`) does not count; an IPv4 address may be written as IPv6. */
  has(text: string): boolean {
    if (text.length > ADDRESS_CHARACTERS_MAX) return false;
    const address = parseAddress(text.split('%', 1)[0]!);
    if (address === undefined) return false;
    if (typeof address === 'number') return this.#has4(address);
    const mapped = mappedAddress(address);
    return (mapped !== undefined && this.#has4(mapped)) || this.#has6(address);
  }

  #has4(address: number): boolean {
    for (const [prefix, set] of this.#ipv4) if (set.has(cut4(address, prefix))) return true;
    return false;
  }

  #has6(address: bigint): boolean {
    for (const [prefix, set] of this.#ipv6) if (set.has(cut6(address, prefix))) return true;
    return false;
  }
}

function add<Key>(sets: Map<number, Set<Key>>, prefix: number, key: Key): void {
  sets.set(prefix, (sets.get(prefix) ?? new Set()).add(key));
}

/** The first bits of an address. (A shift by 32 would shift by nothing.) */
const cut4 = (address: number, prefix: number): number => (prefix === 0 ? 0 : address >>> (32 - prefix));
const cut6 = (address: bigint, prefix: number): bigint => address >> BigInt(128 - prefix);

/** The IPv4 address that an IPv6 one stands for. */
function mappedAddress(address: Address): number | undefined {
  if (typeof address === 'number' || address >> 32n !== MAPPED_PREFIX) return undefined;
  return Number(address & 0xffff_ffffn);
}

function parseAddress(text: string): Address | undefined {
  switch (isIP(text)) {
    case 4:
      return ipv4(text);
    case 6:
      return ipv6(text);
    default:
      return undefined;
  }
}

function ipv4(text: string): number {
  return text.split('.').reduce((address, byte) => address * 256 + Number(byte), 0);
}

/** Eight groups of sixteen bits; `::` stands for as many groups of zero as are missing, the last two may be an IPv4 address. */
function ipv6(text: string): bigint {
  const [head = [], tail = []] = text.split('::').map(groups);
  const missing = 8 - head.length - tail.length;
  const all = [...head, ...Array<number>(missing).fill(0), ...tail];
  return all.reduce((address, group) => (address << 16n) | BigInt(group), 0n);
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return Number.parseInt(group, 16);
    const address = ipv4(group);
    return [address >>> 16, address & 0xffff];
  });
}
