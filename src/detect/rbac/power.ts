import { at, isObject, listOf, stringsOf } from '../decode/json.ts';

/** What a rule of a role has to allow for a power: one of the verbs on one of the resources. */
interface Need {
  readonly verbs: readonly string[];
  readonly group: string;
  readonly resources: readonly string[];
}

const RBAC = 'rbac.authorization.k8s.io';
const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/**
 * Powers by what they need. An exec over WebSocket is a `get`, over SPDY a `create`, and a proxy passes any request on; listing and watching
 * concern no connection.
 */
const NEEDS = {
  escalate: [{ verbs: ['escalate'], group: RBAC, resources: ['roles', 'clusterroles'] }],
  bind: [{ verbs: ['bind'], group: RBAC, resources: ['roles', 'clusterroles'] }],
  impersonate: [
    { verbs: ['impersonate'], group: '', resources: ['users', 'groups', 'serviceaccounts'] },
    { verbs: ['impersonate'], group: 'authentication.k8s.io', resources: ['uids'] },
  ],
  secrets: [{ verbs: READ, group: '', resources: ['secrets'] }],
  'nodes-proxy': [{ verbs: ['get', ...WRITE], group: '', resources: ['nodes/proxy'] }],
  'pods-exec': [
    { verbs: ['get', 'create'], group: '', resources: ['pods/exec', 'pods/attach', 'pods/portforward'] },
    { verbs: ['update', 'patch'], group: '', resources: ['pods/ephemeralcontainers'] },
  ],
  'token-create': [{ verbs: ['create'], group: '', resources: ['serviceaccounts/token'] }],
  'csr-approve': [
    {
      verbs: ['update', 'patch'],
      group: 'certificates.k8s.io',
      resources: ['certificatesigningrequests/approval'],
    },
    { verbs: ['approve'], group: 'certificates.k8s.io', resources: ['signers'] },
  ],
  'pods-create': [
    { verbs: ['create'], group: '', resources: ['pods', 'replicationcontrollers'] },
    {
      verbs: ['create'],
      group: 'apps',
      resources: ['deployments', 'daemonsets', 'replicasets', 'statefulsets'],
    },
    { verbs: ['create'], group: 'batch', resources: ['jobs', 'cronjobs'] },
  ],
  'admission-control': [
    {
      verbs: WRITE,
      group: 'admissionregistration.k8s.io',
      resources: [
        'validatingwebhookconfigurations',
        'mutatingwebhookconfigurations',
        'validatingadmissionpolicies',
        'validatingadmissionpolicybindings',
        'mutatingadmissionpolicies',
        'mutatingadmissionpolicybindings',
      ],
    },
  ],
  'namespaces-label': [
    {
      verbs: ['update', 'patch'],
      group: '',
      resources: ['namespaces', 'namespaces/status', 'namespaces/finalize'],
    },
  ],
} satisfies Readonly<Record<string, readonly Need[]>>;

/** Powers that are less where `resourceNames` limits them to certain objects; they are then named with `-named` behind. */
const LIMITED_BY_NAMES = [
  'secrets',
  'nodes-proxy',
  'pods-exec',
  'token-create',
  'admission-control',
  'namespaces-label',
] as const satisfies readonly (keyof typeof NEEDS)[];

/** What a role lets its holder do that matters for security, as rules name it in `gatewatch.rbac.power`. */
export type Power =
  | 'cluster-admin'
  | 'wildcard-verbs'
  | 'wildcard-resources'
  | 'wildcard-urls'
  | 'write'
  | 'aggregation'
  | keyof typeof NEEDS
  | `${(typeof LIMITED_BY_NAMES)[number]}-named`;

/** A label of this prefix adds a role's rules to those of the role that it names (k8s.io/kubernetes, bootstrappolicy/policy.go). */
export const AGGREGATES_TO = 'rbac.authorization.k8s.io/aggregate-to-';

/**
 * The powers of a Role or ClusterRole. A role of which only a fragment is known has those that the fragment shows.
 * @param role the object, or the part of it that holds `rules`, `aggregationRule` and `metadata.labels`
 */
export function powerOf(role: unknown): readonly Power[] {
  const powers = new Set<Power>();
  for (const rule of listOf(at(role, 'rules'))) {
    for (const power of powersOf(new PolicyRule(rule))) powers.add(power);
  }
  if (aggregates(role)) powers.add('aggregation');
  return [...powers];
}

function aggregates(role: unknown): boolean {
  if (isObject(at(role, 'aggregationRule'))) return true;
  const labels = at(role, 'metadata', 'labels');
  return (
    isObject(labels) &&
    Object.entries(labels).some(([name, value]) => name.startsWith(AGGREGATES_TO) && value === 'true')
  );
}

function* powersOf(rule: PolicyRule): Iterable<Power> {
  const { verbs, groups, resources, urls, named } = rule;
  if (verbs.has('*')) yield 'wildcard-verbs';
  if (resources.has('*')) yield 'wildcard-resources';
  if (urls.has('*')) yield 'wildcard-urls';
  if (verbs.has('*') && resources.has('*') && groups.has('*') && !named) yield 'cluster-admin';
  if (verbs.has('*') || WRITE.some((verb) => verbs.has(verb))) yield 'write';
  // These verbs mean the same whatever they stand beside; a fragment may lack the resources.
  if (verbs.has('escalate')) yield 'escalate';
  if (verbs.has('bind')) yield 'bind';
  if ([...verbs].some((verb) => verb.startsWith('impersonate'))) yield 'impersonate';
  for (const [power, needs] of Object.entries(NEEDS) as [keyof typeof NEEDS, readonly Need[]][]) {
    if (!needs.some((need) => rule.allows(need))) continue;
    const limited = named ? LIMITED_BY_NAMES.find((name) => name === power) : undefined;
    yield limited ? `${limited}-named` : power;
  }
}

/** Elements looked at of one list of a rule; the shipped roles have some dozens. */
const ELEMENTS_MAX = 10_000;

/** One rule of a role, read as the RBAC authorizer does (k8s.io/kubernetes/pkg/apis/rbac/v1, evaluation_helpers.go). */
class PolicyRule {
  readonly verbs: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  readonly resources: ReadonlySet<string>;
  readonly urls: ReadonlySet<string>;
  /** No rule is without verbs, but a fragment of one is, of which they are not known. */
  readonly #verbless: boolean;
  /** Limited to objects of certain names. */
  readonly named: boolean;

  constructor(rule: unknown) {
    const set = (field: string) => new Set(stringsOf(at(rule, field), ELEMENTS_MAX));
    this.verbs = set('verbs');
    this.#verbless = at(rule, 'verbs') === undefined;
    // No rule is without its API groups, but fragments and trimmed events are.
    this.groups = at(rule, 'apiGroups') === undefined ? new Set(['*']) : set('apiGroups');
    this.resources = set('resources');
    this.urls = set('nonResourceURLs');
    this.named = set('resourceNames').size > 0;
  }

  allows({ verbs, group, resources }: Need): boolean {
    if (!this.groups.has('*') && !this.groups.has(group)) return false;
    if (this.#verbless) return !this.resources.has('*') && this.#isFor(resources, verbs);
    return resources.some(
      (resource) => this.#covers(resource) && verbs.some((verb) => this.#permits(verb, resource)),
    );
  }

  /** What a rule is for whose verbs are not known: a subresource is for one thing, and there is hardly a rule that does not read. */
  #isFor(resources: readonly string[], verbs: readonly string[]): boolean {
    return resources.some(
      (resource) => this.#covers(resource) && (resource.includes('/') || verbs.includes('list')),
    );
  }

  /** `pods/*` covers nothing for the API server; whoever writes it means all subresources. */
  #covers(resource: string): boolean {
    if (this.resources.has('*') || this.resources.has(resource)) return true;
    const [parent, subresource] = resource.split('/');
    return (
      subresource !== undefined &&
      (this.resources.has(`*/${subresource}`) || this.resources.has(`${parent}/*`))
    );
  }

  /** What is created has no name yet, so a rule that is limited by names does not permit it. */
  #permits(verb: string, resource: string): boolean {
    if (this.named && verb === 'create' && !resource.includes('/')) return false;
    return this.verbs.has('*') || this.verbs.has(verb);
  }
}
