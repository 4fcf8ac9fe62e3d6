import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { builtInPower } from '../../../../src/detect/rbac/built-in.ts';
import { powerOf } from '../../../../src/detect/rbac/power.ts';
import { wrongTypesIn } from '../support.ts';

/** Rules of the cluster roles that an API server of Kubernetes 1.37 made, aggregated. */
const BOOTSTRAP: Record<string, unknown> = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../fixtures/detect/bootstrap-roles.json'), 'utf8'),
);

const power = (...rules: object[]) => powerOf({ rules }).toSorted().join(' ');

const core = (resources: string[], verbs: string[], fields: object = {}) => ({
  apiGroups: [''],
  resources,
  verbs,
  ...fields,
});

test('the powers of the roles that come with Kubernetes are those of their rules', () => {
  for (const [name, rules] of Object.entries(BOOTSTRAP)) {
    const powers = powerOf({ rules }).toSorted();
    const listed = builtInPower(name).toSorted();
    assert.deepEqual(listed.length > 0 ? listed : powers.filter((one) => one === 'write'), powers, name);
  }
});

test('each power is known by the least that gives it', () => {
  const rbac = (resources: string[], verbs: string[]) => ({
    apiGroups: ['rbac.authorization.k8s.io'],
    resources,
    verbs,
  });
  const certificates = (resources: string[], verbs: string[], fields: object = {}) => ({
    apiGroups: ['certificates.k8s.io'],
    resources,
    verbs,
    ...fields,
  });
  const signer = { resourceNames: ['kubernetes.io/kube-apiserver-client'] };
  const cases: [rule: object, powers: string][] = [
    [core(['secrets'], ['get']), 'secrets'],
    [core(['secrets'], ['list']), 'secrets'],
    [core(['secrets'], ['watch']), 'secrets'],
    [core(['secrets'], ['create', 'update']), 'write'],
    [core(['secrets'], ['get'], { resourceNames: ['tls'] }), 'secrets-named'],
    [core(['secrets'], ['get'], { resourceNames: [] }), 'secrets'],
    [core(['configmaps', 'pods', 'pods/log'], ['get', 'list', 'watch']), ''],
    [core(['pods/exec'], ['create']), 'pods-exec write'],
    [core(['pods/exec'], ['get']), 'pods-exec'],
    [core(['pods/exec'], ['list', 'watch']), ''],
    [core(['pods/attach'], ['create'], { resourceNames: ['p'] }), 'pods-exec-named write'],
    [core(['*/portforward'], ['create']), 'pods-exec write'],
    [core(['pods/*'], ['get']), 'pods-exec'],
    [core(['pods/ephemeralcontainers'], ['patch']), 'pods-exec write'],
    [core(['pods'], ['create']), 'pods-create write'],
    [core(['pods'], ['create'], { resourceNames: ['p'] }), 'write'],
    [{ apiGroups: ['apps'], resources: ['daemonsets'], verbs: ['create'] }, 'pods-create write'],
    [{ apiGroups: ['batch'], resources: ['cronjobs'], verbs: ['create'] }, 'pods-create write'],
    [core(['nodes'], ['get', 'list']), ''],
    [core(['nodes/proxy'], ['get']), 'nodes-proxy'],
    [core(['nodes/proxy'], ['create']), 'nodes-proxy write'],
    [core(['nodes/*'], ['get']), 'nodes-proxy'],
    [core(['*/proxy'], ['get']), 'nodes-proxy'],
    [core(['nodes', '*'], ['get', 'list']), 'nodes-proxy pods-exec secrets wildcard-resources'],
    [core(['serviceaccounts/token'], ['create']), 'token-create write'],
    [core(['serviceaccounts/token'], ['create'], { resourceNames: ['sa'] }), 'token-create-named write'],
    [core(['namespaces'], ['patch']), 'namespaces-label write'],
    [core(['namespaces/status'], ['update']), 'namespaces-label write'],
    [core(['namespaces'], ['delete']), 'write'],
    [rbac(['clusterroles'], ['escalate']), 'escalate'],
    [rbac(['clusterroles'], ['bind']), 'bind'],
    [rbac(['roles'], ['*']), 'bind escalate wildcard-verbs write'],
    [rbac(['rolebindings'], ['create']), 'write'],
    [core(['users'], ['impersonate']), 'impersonate'],
    [core(['serviceaccounts'], ['impersonate'], { resourceNames: ['x'] }), 'impersonate'],
    [core(['users'], ['impersonate:user-info']), 'impersonate'],
    [core(['groups'], ['*']), 'impersonate wildcard-verbs write'],
    [certificates(['certificatesigningrequests/approval'], ['update']), 'csr-approve write'],
    [certificates(['signers'], ['approve'], signer), 'csr-approve'],
    [certificates(['certificatesigningrequests'], ['create']), 'write'],
    [
      {
        apiGroups: ['admissionregistration.k8s.io'],
        resources: ['mutatingwebhookconfigurations'],
        verbs: ['patch'],
        resourceNames: ['mine'],
      },
      'admission-control-named write',
    ],
    [{ nonResourceURLs: ['*'], verbs: ['get'] }, 'wildcard-urls'],
    [{ nonResourceURLs: ['/metrics'], verbs: ['*'] }, 'wildcard-verbs write'],
    [{ apiGroups: ['example.com'], resources: ['secrets', 'pods/exec'], verbs: ['get'] }, ''],
    [{ apiGroups: ['example.com'], resources: ['*'], verbs: ['get'] }, 'wildcard-resources'],
  ];
  for (const [rule, powers] of cases) assert.equal(power(rule), powers, JSON.stringify(rule));
});

test('only everything on everything everywhere in one rule is cluster-admin', () => {
  const all = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
  const isAdmin = (...rules: object[]) => powerOf({ rules }).includes('cluster-admin');
  assert.ok(isAdmin(all));
  assert.ok(isAdmin({ apiGroups: ['', '*'], resources: ['pods', '*'], verbs: ['get', '*'] }));
  assert.ok(!isAdmin({ ...all, apiGroups: [''] }));
  assert.ok(!isAdmin({ ...all, resourceNames: ['x'] }));
  assert.ok(!isAdmin({ ...all, verbs: ['get', 'list'] }, { ...all, resources: ['pods'] }));
});

test('a role that adds to others, or takes from others, aggregates', () => {
  const labels = (value: unknown) => ({
    metadata: { labels: { 'rbac.authorization.k8s.io/aggregate-to-view': value } },
  });
  assert.deepEqual(powerOf(labels('true')), ['aggregation']);
  assert.deepEqual(powerOf(labels('false')), []);
  assert.deepEqual(powerOf({ aggregationRule: { clusterRoleSelectors: [] }, rules: null }), ['aggregation']);
});

test('a fragment has the powers that it shows', () => {
  assert.equal(power({ verbs: ['*'] }), 'wildcard-verbs write');
  assert.equal(power({ verbs: ['escalate'] }), 'escalate');
  assert.equal(power({ resources: ['*'] }), 'wildcard-resources');
  assert.equal(power({ resources: ['secrets'], verbs: ['get'] }), 'secrets');
});

test('a fragment without verbs has the powers that its resources are for', () => {
  const cases: [resource: string, powers: string][] = [
    ['pods/exec', 'pods-exec'],
    ['pods/ephemeralcontainers', 'pods-exec'],
    ['nodes/proxy', 'nodes-proxy'],
    ['nodes/*', 'nodes-proxy'],
    ['serviceaccounts/token', 'token-create'],
    ['certificatesigningrequests/approval', 'csr-approve'],
    ['secrets', 'secrets'],
    ['pods', ''],
    ['pods/log', ''],
    ['namespaces', ''],
    ['clusterroles', ''],
    ['users', ''],
    ['validatingwebhookconfigurations', ''],
  ];
  for (const [resource, powers] of cases) assert.equal(power({ resources: [resource] }), powers, resource);
  assert.equal(power({ resources: ['nodes/proxy'], resourceNames: ['node-1'] }), 'nodes-proxy-named');
  assert.equal(power({ resources: ['pods/exec'], apiGroups: ['example.com'] }), '');
  assert.equal(power({ resources: ['pods/exec'], verbs: [] }), '');
});

test('what pads a list hides nothing', () => {
  const padding = Array.from({ length: 5000 }, (_, index) => `x${index}`);
  assert.equal(power(core([...padding, 'secrets'], ['get'])), 'secrets');
});

test('a wrong type in the place of any field throws nothing', () => {
  const role = {
    metadata: { labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
    aggregationRule: {},
    rules: [core(['secrets'], ['get'], { resourceNames: ['x'] }), { nonResourceURLs: ['*'], verbs: ['*'] }],
  };
  for (const _ of wrongTypesIn(role)) {
    assert.ok(Array.isArray(powerOf(role)));
  }
});
