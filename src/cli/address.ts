import { isIP, isIPv6 } from 'node:net';
import { GatewatchError } from '../errors.ts';

export interface Address {
  /** Name or IP address, without brackets: what a certificate must cover. */
  readonly host: string;
  /** Host and port as they stand in an https URL. */
  readonly authority: string;
}

const DNS_NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/i;
const WILDCARDS = ['0.0.0.0', '::'];

/** Reads HOST[:PORT]; an IPv6 address with a port stands in brackets. */
export function parseAddress(text: string, defaultPort: number): Address {
  const [, bracketed, plain, portText] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [];
  const host = isIPv6(text) ? text : (bracketed ?? plain ?? '');
  const port = portText === undefined ? defaultPort : Number(portText);
  const isName = bracketed === undefined && DNS_NAME.test(host) && !/^[\d.]+$/.test(host);
  if (!(isIP(host) || isName) || (bracketed !== undefined && !isIPv6(host))) {
    throw wrong(text, 'It must be HOST or HOST:PORT, where HOST is a DNS name or an IP address.');
  }
  if (port < 1 || port > 65_535) throw wrong(text, 'A port is a number from 1 to 65535.');
  if (WILDCARDS.includes(host)) {
    throw wrong(text, 'It must be an address that the API server can connect to, not one to listen on.');
  }
  const inUrl = isIPv6(host) ? `[${host}]` : host;
  return { host, authority: port === 443 ? inUrl : `${inUrl}:${port}` };
}

function wrong(text: string, why: string): GatewatchError {
  return new GatewatchError('USAGE_INVALID', why, { where: `--address ${text}` });
}
