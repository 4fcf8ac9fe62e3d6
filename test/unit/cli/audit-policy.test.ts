import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { auditPolicy } from '../../../src/cli/setup-files.ts';

/** The fields of audit.k8s.io/v1 PolicyRule; an API server refuses to start on any other. */
interface Rule {
  readonly level: string;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly {
    readonly group?: string;
    readonly resources?: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly string[];
  readonly omitManagedFields?: boolean;
}

const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'];
const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'];
const RULE_KEYS = new Set(
  'level users userGroups verbs resources namespaces nonResourceURLs omitStages omitManagedFields'.split(' '),
);

const policy = parse(auditPolicy()) as {
  apiVersion: string;
  kind: string;
  omitStages: string[];
  omitManagedFields: boolean;
  rules: Rule[];
};

interface Request {
  readonly verb: string;
  readonly user?: string;
  readonly groups?: readonly string[];
  /** `group/resource` or `group/resource/subresource`; the core group is empty. */
  readonly resource?: string;
  readonly path?: string;
}

/** The level of a request, decided as the API server does: by the first rule that matches. */
function levelOf({
  verb,
  user = 'alice',
  groups = ['system:authenticated'],
  resource,
  path = '/',
}: Request): string {
  const [group, name, subresource] = resource?.split('/') ?? [];
  const combined = subresource ? `${name}/${subresource}` : name;
  const matches = (rule: Rule): boolean => {
    if (rule.users && !rule.users.includes(user)) return false;
    if (rule.userGroups && !rule.userGroups.some((one) => groups.includes(one))) return false;
    if (rule.verbs && !rule.verbs.includes(verb)) return false;
    if (rule.resources) {
      return rule.resources.some(
        (one) =>
          resource !== undefined &&
          (one.group ?? '') === group &&
          (!one.resources ||
            one.resources.some(
              (pattern) =>
                pattern === '*' ||
                pattern === combined ||
                (subresource !== undefined && pattern === `*/${subresource}`) ||
                pattern === `${name}/*`,
            )),
      );
    }
    if (rule.nonResourceURLs) {
      return rule.nonResourceURLs.some(
        (pattern) =>
          resource === undefined &&
          (pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)))),
      );
    }
    return true;
  };
  return policy.rules.find(matches)?.level ?? 'None';
}

suite('the audit policy', () => {
  test('is one that an API server accepts', () => {
    assert.deepEqual([policy.apiVersion, policy.kind], ['audit.k8s.io/v1', 'Policy']);
    assert.deepEqual(Object.keys(policy).sort(), [
      'apiVersion',
      'kind',
      'omitManagedFields',
      'omitStages',
      'rules',
    ]);
    assert.deepEqual(policy.omitStages, ['RequestReceived']);
    for (const rule of policy.rules) {
      for (const key of Object.keys(rule)) assert.ok(RULE_KEYS.has(key), key);
      assert.ok(LEVELS.includes(rule.level));
      for (const stage of rule.omitStages ?? []) assert.ok(STAGES.includes(stage));
      assert.ok(!(rule.nonResourceURLs && (rule.resources || rule.namespaces)));
      for (const url of rule.nonResourceURLs ?? []) assert.match(url, /^\/[^*]*\*?$/);
      for (const one of rule.resources ?? []) {
        for (const key of Object.keys(one)) assert.match(key, /^(group|resources|resourceNames)$/);
        assert.match(one.group ?? '', /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/);
        assert.ok(!one.resourceNames || one.resources?.length);
      }
    }
  });

  test('records nothing of what is only noise', () => {
    for (const request of [
      { verb: 'get', path: '/healthz/etcd', groups: ['system:unauthenticated'] },
      { verb: 'get', path: '/readyz' },
      { verb: 'get', path: '/apis/apps/v1' },
      { verb: 'update', resource: 'coordination.k8s.io/leases' },
      { verb: 'create', resource: '/events' },
      { verb: 'patch', resource: 'events.k8s.io/events' },
      { verb: 'patch', resource: '/nodes/status', groups: ['system:nodes'] },
      { verb: 'watch', resource: '/pods', groups: ['system:nodes'] },
      { verb: 'list', resource: 'apps/deployments', user: 'system:kube-controller-manager' },
      { verb: 'watch', resource: '/services', user: 'system:kube-proxy' },
    ]) {
      assert.equal(levelOf(request), 'None', JSON.stringify(request));
    }
  });

  test('never records the content of what may hold a credential, and always who touched it', () => {
    for (const resource of [
      '/secrets',
      '/configmaps',
      '/serviceaccounts/token',
      'authentication.k8s.io/tokenreviews',
    ]) {
      for (const verb of [
        'get',
        'list',
        'watch',
        'create',
        'update',
        'patch',
        'delete',
        'deletecollection',
      ]) {
        for (const groups of [['system:nodes'], ['system:masters'], ['system:serviceaccounts:kube-system']]) {
          assert.equal(levelOf({ verb, resource, groups }), 'Metadata', `${verb} ${resource}`);
        }
      }
    }
  });

  test('records the writes that detections read in full, whoever makes them', () => {
    const resources = [
      ...[
        '/namespaces',
        '/namespaces/status',
        '/namespaces/finalize',
        '/pods',
        '/pods/ephemeralcontainers',
        '/services',
      ],
      ...[
        '/serviceaccounts',
        '/persistentvolumes',
        'apps/deployments',
        'apps/deployments/scale',
        'apps/daemonsets',
      ],
      ...['batch/cronjobs', 'networking.k8s.io/networkpolicies', 'networking.k8s.io/ingresses'],
      ...[
        'rbac.authorization.k8s.io/clusterrolebindings',
        'certificates.k8s.io/certificatesigningrequests/approval',
      ],
      ...['admissionregistration.k8s.io/validatingwebhookconfigurations'],
      ...['admissionregistration.k8s.io/validatingadmissionpolicybindings'],
      ...[
        'constraints.gatekeeper.sh/k8spspprivilegedcontainer',
        'templates.gatekeeper.sh/constrainttemplates',
      ],
      ...[
        'kyverno.io/clusterpolicies',
        'kyverno.io/policyexceptions',
        'policies.kyverno.io/validatingpolicies',
      ],
      ...['policies.kubewarden.io/clusteradmissionpolicies'],
    ];
    for (const resource of resources) {
      for (const verb of ['create', 'update', 'patch', 'delete', 'deletecollection']) {
        for (const user of ['alice', 'system:apiserver', 'system:kube-controller-manager']) {
          assert.equal(
            levelOf({ verb, resource, user, groups: ['system:nodes'] }),
            'RequestResponse',
            resource,
          );
        }
      }
    }
  });

  test('records every way into a container, over either protocol', () => {
    for (const resource of [
      '/pods/exec',
      '/pods/attach',
      '/pods/portforward',
      '/nodes/proxy',
      '/services/proxy',
    ]) {
      for (const verb of ['get', 'create']) assert.equal(levelOf({ verb, resource }), 'Request');
    }
  });

  test('records everything else, and the hiding of traces, without content', () => {
    for (const request of [
      { verb: 'deletecollection', resource: '/events' },
      { verb: 'delete', resource: 'coordination.k8s.io/leases' },
      { verb: 'get', resource: '/pods' },
      { verb: 'get', resource: '/pods/log' },
      { verb: 'create', resource: 'authorization.k8s.io/selfsubjectrulesreviews' },
      { verb: 'patch', resource: '/nodes', groups: ['system:nodes'] },
      { verb: 'update', resource: 'constraints.gatekeeper.sh/k8spspprivilegedcontainer/status' },
      { verb: 'get', path: '/api', user: 'system:anonymous', groups: ['system:unauthenticated'] },
      { verb: 'get', path: '/metrics' },
    ]) {
      assert.equal(levelOf(request), 'Metadata', JSON.stringify(request));
    }
  });
});
