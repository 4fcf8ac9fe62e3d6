import { at, isObject } from '../decode/json.ts';

/** For whom annotations open an object. */
export interface Reach {
  readonly internal: boolean;
  /** They ask for the internet by name. */
  readonly internetFacing: boolean;
  /** Address ranges that they limit clients to. */
  readonly ranges: readonly string[];
}

/** What an annotation says of where a load balancer stands. Values are read in lower case. */
interface Placement {
  readonly name: string;
  readonly internal: RegExp;
  readonly public?: RegExp;
}

const TRUE = /^true$/;
const FALSE = /^false$/;

/** Annotations by which a cloud's load balancer is made internal or public, as the clouds document them. */
const PLACEMENTS: readonly Placement[] = [
  // AWS: any value but false is internal, once it was a range.
  { name: 'service.beta.kubernetes.io/aws-load-balancer-internal', internal: /^(?!false$)./, public: FALSE },
  {
    name: 'service.beta.kubernetes.io/aws-load-balancer-scheme',
    internal: /^internal$/,
    public: /^internet-facing$/,
  },
  { name: 'alb.ingress.kubernetes.io/scheme', internal: /^internal$/, public: /^internet-facing$/ },
  // Azure
  {
    name: 'service.beta.kubernetes.io/azure-load-balancer-internal',
    internal: TRUE,
    public: FALSE,
  },
  { name: 'appgw.ingress.kubernetes.io/use-private-ip', internal: TRUE },
  // Google
  { name: 'networking.gke.io/load-balancer-type', internal: /^internal$/, public: /^external$/ },
  { name: 'cloud.google.com/load-balancer-type', internal: /^internal$/, public: /^external$/ },
  { name: 'kubernetes.io/ingress.class', internal: /^gce-internal$/ },
  // Alibaba
  {
    name: 'service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type',
    internal: /^intranet$/,
    public: /^internet$/,
  },
  {
    name: 'service.beta.kubernetes.io/alicloud-loadbalancer-address-type',
    internal: /^intranet$/,
    public: /^internet$/,
  },
  // OpenStack
  {
    name: 'service.beta.kubernetes.io/openstack-internal-load-balancer',
    internal: TRUE,
    public: FALSE,
  },
  // Oracle
  { name: 'service.beta.kubernetes.io/oci-load-balancer-internal', internal: TRUE, public: FALSE },
  { name: 'oci-network-load-balancer.oraclecloud.com/internal', internal: TRUE, public: FALSE },
  // IBM, Tencent, Baidu, DigitalOcean, Hetzner, Scaleway, Yandex
  {
    name: 'service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type',
    internal: /^private$/,
    public: /^public$/,
  },
  { name: 'service.kubernetes.io/qcloud-loadbalancer-internal-subnetid', internal: /./ },
  { name: 'service.beta.kubernetes.io/cce-load-balancer-internal-vpc', internal: TRUE },
  {
    name: 'service.beta.kubernetes.io/do-loadbalancer-network',
    internal: /^internal$/,
    public: /^external$/,
  },
  { name: 'load-balancer.hetzner.cloud/disable-public-network', internal: TRUE, public: FALSE },
  { name: 'service.beta.kubernetes.io/scw-loadbalancer-private', internal: TRUE, public: FALSE },
  { name: 'yandex.cloud/load-balancer-type', internal: /^internal$/, public: /^external$/ },
];

/** Annotations that list the ranges that may connect, separated by commas. */
const RANGES = [
  'service.beta.kubernetes.io/load-balancer-source-ranges',
  'service.beta.kubernetes.io/azure-allowed-ip-ranges',
  'nginx.ingress.kubernetes.io/whitelist-source-range',
  'nginx.ingress.kubernetes.io/allowlist-source-range',
  'alb.ingress.kubernetes.io/inbound-cidrs',
];

const NAMES: ReadonlySet<string> = new Set([...PLACEMENTS.map(({ name }) => name), ...RANGES]);

/** Whether an annotation says who can reach an object. */
export function decidesReach(name: string): boolean {
  return NAMES.has(name);
}

/** Ranges and characters of one that are kept. */
const RANGES_MAX = 100;
const RANGE_CHARS_MAX = 64;

/** What the annotations of an object say of who can reach it. */
export function reachOf(object: unknown): Reach {
  const annotations = annotationsOf(object);
  const says = (pattern: 'internal' | 'public') =>
    PLACEMENTS.some((placement) => {
      const value = annotations.get(placement.name);
      return value !== undefined && placement[pattern]?.test(value.toLowerCase()) === true;
    });
  const internetFacing = says('public');
  const ranges = RANGES.flatMap((name) => (annotations.get(name) ?? '').split(','))
    .map((range) => range.trim().slice(0, RANGE_CHARS_MAX))
    .filter((range) => range !== '');
  // Of two annotations that disagree one is ignored, and which is up to the cloud.
  return {
    internal: says('internal') && !internetFacing,
    internetFacing,
    ranges: ranges.slice(0, RANGES_MAX),
  };
}

/** The annotations of an object that are texts. */
export function annotationsOf(object: unknown): ReadonlyMap<string, string> {
  const annotations = at(object, 'metadata', 'annotations');
  const entries = isObject(annotations) ? Object.entries(annotations) : [];
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
