import assert from 'node:assert/strict';
import test from 'node:test';
import type { JsonObject } from '../../../../src/detect/decode/json.ts';
import { weakenedIn } from '../../../../src/detect/policy/scope.ts';
import type { SeenObjects } from '../../../../src/detect/policy/scopes/scope.ts';
import { ADMISSION } from './support.ts';

const selector = (team: string) => ({ matchLabels: { team } });
const nothing: SeenObjects = () => undefined;

interface Object {
  readonly name?: string;
  readonly namespace?: string;
  readonly seen?: SeenObjects;
}

/** Where it makes a difference that an object is changed, or deleted. */
function where(
  path: string,
  before: unknown,
  after?: unknown,
  { name = 'p', namespace = '', seen = nothing }: Object = {},
) {
  const end = path.lastIndexOf('/');
  const ref = { apiGroup: path.slice(0, end), resource: path.slice(end + 1), name, namespace };
  return weakenedIn({ ...ref, subresource: '', apiVersion: 'v1' }, { before, after }, seen);
}

const inNamespaces = (...namespaces: object[]) => ({ namespaces });

const PODS = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }];
const CONFIG_MAPS = [{ ...PODS[0], resources: ['configmaps'] }];

test('a webhook configuration has a say where one of its webhooks is asked about pods or workloads', () => {
  const path = `${ADMISSION}/validatingwebhookconfigurations`;
  const before = {
    webhooks: [
      { rules: PODS, namespaceSelector: selector('a') },
      { rules: CONFIG_MAPS, namespaceSelector: selector('b') },
      {},
    ],
  };
  assert.deepEqual(where(path, before), inNamespaces(selector('a'), {}));
  for (const [rule, isAsked] of [
    [{ apiGroups: ['apps'], resources: ['deployments'] }, true],
    [{ apiGroups: ['*'], resources: ['*/*'] }, true],
    [{ apiGroups: [''], resources: ['pods/ephemeralcontainers'] }, true],
    [{ apiGroups: [''], resources: ['pods/exec'] }, false],
    [{ apiGroups: ['apps'], resources: ['pods'] }, false],
    [{ apiGroups: ['*'], resources: ['*'], operations: ['DELETE'] }, false],
  ] as const)
    assert.deepEqual(
      where(path, { webhooks: [{ rules: [rule] }] }),
      isAsked ? inNamespaces({}) : inNamespaces(),
    );
});

test('an engine and its policies that were never seen are taken to be for all namespaces, and what changes objects to refuse none', () => {
  for (const path of [
    `${ADMISSION}/validatingwebhookconfigurations`,
    'constraints.gatekeeper.sh/k8spsprivileged',
    'templates.gatekeeper.sh/constrainttemplates',
    'kyverno.io/clusterpolicies',
    'policies.kyverno.io/validatingpolicies',
    'policies.kubewarden.io/clusteradmissionpolicies',
  ])
    assert.deepEqual(where(path, undefined), inNamespaces({}), path);
  assert.deepEqual(where('kyverno.io/policies', undefined, undefined, { namespace: 'dev' }), {
    namespaces: [{ names: ['dev'] }],
  });
  assert.deepEqual(where(`${ADMISSION}/mutatingadmissionpolicies`, { spec: {} }), inNamespaces());
  assert.deepEqual(where('mutations.gatekeeper.sh/assign', undefined), inNamespaces());
});

const binding = (policyName: string, team: string, validationActions = ['Deny']) => ({
  spec: { policyName, matchResources: { namespaceSelector: selector(team) }, validationActions },
});

test('an admission policy has a say where it is bound to refuse', () => {
  const before = { spec: { matchConstraints: { namespaceSelector: selector('a') } } };
  const path = `${ADMISSION}/validatingadmissionpolicies`;
  const seen: SeenObjects = () =>
    new Map([
      ['one', binding('p', 'b')],
      ['other', binding('q', 'c')],
      ['weak', binding('p', 'd', ['Warn', 'Audit'])],
      ['gone', undefined],
    ]);
  const both = ['a', 'b'].map((team) => ({ key: 'team', operator: 'In', values: [team] }));
  assert.deepEqual(where(path, before, undefined, { seen }), inNamespaces({ matchExpressions: both }));
  assert.deepEqual(
    where(path, before, undefined, { name: 'unbound', seen }),
    inNamespaces(),
    'its bindings were seen to go',
  );
  assert.deepEqual(where(path, before), inNamespaces(selector('a')));
  assert.deepEqual(
    where(path, { spec: { matchConstraints: { resourceRules: CONFIG_MAPS } } }),
    inNamespaces(),
  );
});

test('a binding has a say where it refuses', () => {
  const path = `${ADMISSION}/validatingadmissionpolicybindings`;
  assert.deepEqual(where(path, binding('p', 'b')), inNamespaces(selector('b')));
  assert.deepEqual(where(path, binding('p', 'b', ['Warn'])), inNamespaces());
  const seen: SeenObjects = () =>
    new Map([
      ['one', binding('p', 'b')],
      ['gone', undefined],
    ]);
  const all = { name: '', seen };
  assert.deepEqual(where(path, undefined, undefined, all), inNamespaces(selector('b')), 'all are deleted');
  assert.deepEqual(where(path, undefined, undefined, { name: '' }), {});
  const bound = (fields: object) => ({
    seen: ((resource) =>
      resource === 'validatingadmissionpolicies'
        ? new Map([['p', { spec: { matchConstraints: fields } }]])
        : undefined) as SeenObjects,
  });
  assert.deepEqual(
    where(path, binding('p', 'b'), undefined, bound({ resourceRules: CONFIG_MAPS })),
    inNamespaces(),
  );
  const both = ['b', 'a'].map((team) => ({ key: 'team', operator: 'In', values: [team] }));
  assert.deepEqual(
    where(path, binding('p', 'b'), undefined, bound({ namespaceSelector: selector('a') })),
    inNamespaces({ matchExpressions: both }),
  );
});

test('where only the choice of namespaces has changed it is weaker in some and as before in others', () => {
  const path = `${ADMISSION}/validatingadmissionpolicybindings`;
  assert.deepEqual(where(path, binding('p', 'b'), binding('p', 'c')), {
    namespaces: [selector('b')],
    still: [selector('c')],
  });
  assert.deepEqual(where(path, binding('p', 'b'), binding('p', 'c', ['Audit'])), inNamespaces(selector('b')));
});

const constraint = (match: object, enforcementAction = 'deny') => ({ spec: { match, enforcementAction } });

test('a constraint has a say where it matches pods or workloads, a template where its constraints do', () => {
  const path = 'constraints.gatekeeper.sh/k8spsprivileged';
  const match = { namespaces: ['dev', 'team-*'], namespaceSelector: selector('a') };
  const scope = { names: ['dev', 'team-*'], ...selector('a') };
  assert.deepEqual(where(path, constraint(match)), inNamespaces(scope));
  assert.deepEqual(
    where(path, { spec: { match: {} } }),
    inNamespaces({}),
    'it denies unless it says otherwise',
  );
  assert.deepEqual(where(path, constraint(match, 'dryrun')), inNamespaces());
  assert.deepEqual(where(path, constraint(match), constraint(match, 'warn')), inNamespaces(scope));
  const kinds = (...names: string[]) => [{ apiGroups: ['*'], kinds: names }];
  assert.deepEqual(where(path, constraint({ kinds: kinds('Ingress') })), inNamespaces());
  assert.deepEqual(where(path, constraint({ kinds: kinds('Ingress', 'CronJob') })), inNamespaces({}));
  const exempt = constraint({ kinds: kinds('Pod'), excludedNamespaces: ['kube-*', 'dev'] });
  assert.deepEqual(where(path, constraint({ kinds: kinds('Pod'), excludedNamespaces: ['kube-*'] }), exempt), {
    namespaces: [{ except: ['kube-*'] }],
    still: [{ except: ['kube-*', 'dev'] }],
  });
  const many = Array.from({ length: 100 }, (_, index) => `team-${index}`);
  assert.deepEqual(where(path, constraint({ excludedNamespaces: many })), {}, 'too many to be kept');

  const template = { spec: { crd: { spec: { names: { kind: 'K8sPSPrivileged' } } } } };
  const seen: SeenObjects = (resource) =>
    resource === 'k8spsprivileged'
      ? new Map([
          ['all', constraint(match)],
          ['dry', constraint({}, 'dryrun')],
        ])
      : undefined;
  const templates = 'templates.gatekeeper.sh/constrainttemplates';
  assert.deepEqual(where(templates, template, undefined, { seen }), inNamespaces(scope));
  assert.deepEqual(where(templates, template), {}, 'none of its constraints was seen');
});

const policy = (rule: object, spec: object = {}) => ({
  spec: {
    validationFailureAction: 'Enforce',
    rules: [{ name: 'r', match: { any: [{ resources: { kinds: ['Pod'] } }] }, validate: {}, ...rule }],
    ...spec,
  },
});

test('a policy of Kyverno has a say where a rule matches, but where it is excluded or only reports', () => {
  const path = 'kyverno.io/clusterpolicies';
  const resources = { kinds: ['v1/Pod'], namespaces: ['dev'], namespaceSelector: selector('a') };
  const scope = { names: ['dev'], ...selector('a') };
  assert.deepEqual(where(path, policy({})), inNamespaces({}));
  assert.deepEqual(where(path, policy({ match: { any: [{ resources }] } })), inNamespaces(scope));
  assert.deepEqual(where(path, policy({ match: { all: [{ resources }] } })), inNamespaces(scope));
  assert.deepEqual(where(path, policy({ match: { resources } })), inNamespaces(scope));
  assert.deepEqual(where(path, policy({ match: { all: [{ resources }, { roles: ['r'] }] } })), {});
  assert.deepEqual(where(path, policy({ match: { resources: { kinds: ['Service'] } } })), inNamespaces());
  assert.deepEqual(where(path, policy({}, { validationFailureAction: 'Audit' })), inNamespaces());
  assert.deepEqual(where(path, policy({ validate: { failureAction: 'Audit' } })), inNamespaces());
  assert.deepEqual(where('kyverno.io/policies', policy({}), undefined, { namespace: 'dev' }), {
    namespaces: [{ names: ['dev'] }],
  });

  const excluding = (exclude: object) => policy({ exclude });
  const dev = excluding({ any: [{ resources: { namespaces: ['dev'] } }] });
  assert.deepEqual(where(path, dev), inNamespaces({ except: ['dev'] }));
  assert.deepEqual(where(path, policy({}), dev), { namespaces: [{}], still: [{ except: ['dev'] }] });
  assert.deepEqual(
    where(path, excluding({ any: [{ resources: { namespaceSelector: selector('a') } }] })),
    {},
  );
  assert.deepEqual(
    where(path, excluding({ any: [{ clusterRoles: ['cluster-admin'] }] })),
    inNamespaces({}),
    'somebody is excluded, no namespace',
  );
  const reporting = policy(
    {},
    { validationFailureActionOverrides: [{ action: 'Audit', namespaces: ['dev'] }] },
  );
  assert.deepEqual(where(path, policy({}), reporting), { namespaces: [{}], still: [{ except: ['dev'] }] });
  assert.deepEqual(
    where(path, policy({}), policy({}, { validationFailureAction: 'Audit' })),
    inNamespaces({}),
  );
});

test('an exception of Kyverno weakens where it exempts', () => {
  const match = { any: [{ resources: { kinds: ['Pod'], namespaces: ['dev'], names: ['tool-*'] } }] };
  assert.deepEqual(where('kyverno.io/policyexceptions', undefined, { spec: { match } }), {
    namespaces: [{ names: ['dev'] }],
  });
  assert.deepEqual(where('policies.kyverno.io/policyexceptions', undefined, { spec: {} }), {});
});

test("policies with an API server's rules have a say where those match and they refuse", () => {
  const kyverno = (fields: object) => ({ spec: { matchConstraints: { resourceRules: PODS, ...fields } } });
  const cel = 'policies.kyverno.io/validatingpolicies';
  assert.deepEqual(where(cel, kyverno({ namespaceSelector: selector('a') })), inNamespaces(selector('a')));
  assert.deepEqual(where(cel, kyverno({ resourceRules: CONFIG_MAPS })), inNamespaces());
  assert.deepEqual(where(cel, { spec: { validationActions: ['Audit'] } }), inNamespaces());
  assert.deepEqual(
    where('policies.kyverno.io/namespacedvalidatingpolicies', kyverno({}), undefined, { namespace: 'dev' }),
    inNamespaces({ names: ['dev'] }),
  );
  const kubewarden = 'policies.kubewarden.io/clusteradmissionpolicies';
  const own = { spec: { rules: PODS, namespaceSelector: selector('a') } };
  const server = 'policies.kubewarden.io/policyservers';
  const seen: SeenObjects = (resource) =>
    resource === 'clusteradmissionpolicies'
      ? new Map<string, Record<string, unknown> | undefined>([
          ['own', own],
          ['monitor', { spec: { mode: 'monitor' } }],
          ['other', { spec: { policyServer: 'reserved' } }],
          ['gone', undefined],
        ])
      : undefined;
  assert.deepEqual(
    where(server, {}, undefined, { name: 'default', seen }),
    inNamespaces(selector('a')),
    'those that it evaluates',
  );
  assert.deepEqual(where(server, {}, undefined, { name: 'default' }), inNamespaces({}));
  assert.deepEqual(where(kubewarden, own), inNamespaces(selector('a')));
  assert.deepEqual(where(kubewarden, { spec: { rules: PODS, mode: 'monitor' } }), inNamespaces());
  assert.deepEqual(
    where('policies.kubewarden.io/admissionpolicies', { spec: { rules: PODS } }, undefined, {
      namespace: 'dev',
    }),
    inNamespaces({ names: ['dev'] }),
  );
});

test('what takes namespaces out of an engine weakens in those alone', () => {
  const config = (...excludedNamespaces: string[]) => ({
    spec: {
      match: [
        { processes: ['audit'], excludedNamespaces: ['audited'] },
        { processes: ['webhook'], excludedNamespaces },
      ],
    },
  });
  assert.deepEqual(where('config.gatekeeper.sh/configs', config('kube-*'), config('kube-*', 'dev')), {
    namespaces: [{ except: ['kube-*'] }],
    still: [{ except: ['kube-*', 'dev'] }],
  });
  const settings = (resourceFilters: string, others: object = {}) => ({
    data: { resourceFilters, ...others },
  });
  const kyverno = { name: 'kyverno', namespace: 'kyverno' };
  const before = settings('[Event,*,*][*/*,kube-system,*][Pod,x,one]');
  assert.deepEqual(where('/configmaps', before, settings('[*/*,kube-system,*][Pod,dev,*]'), kyverno), {
    namespaces: [{ except: ['kube-system'] }],
    still: [{ except: ['kube-system', 'dev'] }],
  });
  assert.deepEqual(
    where('/configmaps', before, settings('', { excludeUsernames: 'mallory' }), kyverno),
    {},
    'somebody is exempt, in no matter which namespace',
  );
});

test('with the definition of a kind all objects of that kind go', () => {
  const name = 'k8spsprivileged.constraints.gatekeeper.sh';
  const path = 'apiextensions.k8s.io/customresourcedefinitions';
  const match = (namespace: string) => ({ spec: { match: { namespaces: [namespace] } } });
  const seen: SeenObjects = (resource) =>
    resource === 'k8spsprivileged'
      ? new Map<string, JsonObject>([
          ['a', match('shop')],
          ['b', { spec: { ...match('bank').spec, enforcementAction: 'dryrun' } }],
          ['c', match('mail')],
        ])
      : undefined;
  const deleted = (before: unknown, known: SeenObjects) =>
    where(path, before, undefined, { name, seen: known });
  assert.deepEqual(deleted({}, seen), inNamespaces({ names: ['shop'] }, { names: ['mail'] }));
  assert.deepEqual(deleted(undefined, seen), deleted({}, seen), 'whether or not the definition was seen');
  assert.deepEqual(deleted(undefined, nothing), inNamespaces({}), 'none of which was seen');
  assert.deepEqual(where(path, {}, undefined, { name: 'prometheuses.monitoring.coreos.com' }), {});
});

test('of other kinds, and of what was never seen, it is not known', () => {
  assert.deepEqual(where('syncset.gatekeeper.sh/syncsets', { spec: {} }), {});
  assert.deepEqual(where(`${ADMISSION}/validatingadmissionpolicybindings`, undefined), {});
  assert.deepEqual(where(`${ADMISSION}/mutatingwebhookconfigurations`, undefined), {});
  const ref = {
    apiGroup: ADMISSION,
    resource: 'validatingadmissionpolicybindings',
    name: 'b',
    namespace: '',
  };
  const likened = binding('p', 'b', ['Audit']);
  assert.deepEqual(
    weakenedIn(
      { ...ref, subresource: '', apiVersion: 'v1' },
      { before: undefined, after: likened, likened },
      nothing,
    ),
    inNamespaces(selector('b')),
    'but as a patch leaves it that says nothing of namespaces',
  );
});
