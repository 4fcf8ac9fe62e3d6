import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { grantsOf, subjectNames } from '../../../../src/detect/rbac/subjects.ts';
import { EventView, type Past } from '../../../../src/detect/view.ts';
import { decoded, eventWith, NO_PAST, recordOf, reviewRecord, wrongTypesIn } from '../support.ts';

const FIXTURE = join(import.meta.dirname, '../../../fixtures/detect/rbac.ndjson');
const GROUP = 'rbac.authorization.k8s.io';

function grantIn(event: object | string, past: Past = NO_PAST) {
  return new EventView(decoded(recordOf(event)), past).grant;
}

function written(resource: string, requestObject: unknown, fields: object = {}) {
  const objectRef = { resource, name: 'x', apiGroup: GROUP, apiVersion: 'v1' };
  return eventWith({ objectRef, requestObject, ...fields });
}

/** What is known: the bodies of objects by their paths. */
function past(bodies: Record<string, object>): Past {
  return {
    ...NO_PAST,
    object: (path) => {
      const body = bodies[path];
      return body && { time: 1, request: 'r', body: JSON.stringify(body) };
    },
  };
}

const view = { kind: 'ClusterRole', name: 'view' };
const alice = { kind: 'User', name: 'alice', apiGroup: GROUP };

test('what recorded roles and bindings grant', () => {
  const lines = readFileSync(FIXTURE, 'utf8').trim().split('\n');
  const grants = lines.map((line) => {
    const { power = [], role, subjects = [], grants_to = [] } = grantIn(line) ?? {};
    const shown = power.includes('cluster-admin') ? ['cluster-admin'] : power;
    return [shown.join(), role ?? '', subjects.join(), grants_to.join()].join(' | ');
  });
  const admin = 'cluster-admin | ClusterRole/cluster-admin';
  assert.deepEqual(grants, [
    `${admin} | User/mallory | user`,
    `${admin} | ServiceAccount/dev/default | service-account,default-service-account`,
    `${admin} | User/system:anonymous | anonymous`,
    ' | ClusterRole/view | Group/system:authenticated | authenticated',
    ' | ClusterRole/view | Group/system:unauthenticated | unauthenticated',
    `${admin} | Group/system:serviceaccounts | all-service-accounts`,
    'cluster-admin |  |  | ',
    'escalate,bind,impersonate,write,nodes-proxy,pods-exec,token-create |  |  | ',
    'secrets,aggregation |  |  | ',
    'secrets |  |  | ',
    `${admin} | Group/system:masters,User/mallory | masters,user`,
    `${admin} | User/mallory | user`,
    'wildcard-verbs,wildcard-resources,write,impersonate,secrets,nodes-proxy,pods-exec,token-create,pods-create,namespaces-label |  |  | ',
  ]);
});

test('whom subjects stand for', () => {
  const to = (kind: string, name: string, namespace?: string) => grantsOf([{ kind, name, namespace }]).join();
  assert.equal(to('User', 'alice'), 'user');
  assert.equal(to('User', 'system:anonymous'), 'anonymous');
  assert.equal(to('User', '*'), 'authenticated');
  assert.equal(to('User', 'system:serviceaccount:dev:builder'), 'service-account');
  assert.equal(to('User', 'system:serviceaccount:dev:default'), 'service-account,default-service-account');
  assert.equal(to('User', 'system:masters'), 'user');
  assert.equal(to('Group', 'devs'), 'group');
  assert.equal(to('Group', 'system:masters'), 'masters');
  assert.equal(to('Group', 'system:unauthenticated'), 'unauthenticated');
  assert.equal(to('Group', 'system:serviceaccounts'), 'all-service-accounts');
  assert.equal(to('Group', 'system:serviceaccounts:dev'), 'namespace-service-accounts');
  assert.equal(to('ServiceAccount', 'builder', 'dev'), 'service-account');
  assert.equal(to('ServiceAccount', 'default', 'dev'), 'service-account,default-service-account');
  assert.deepEqual(grantsOf([alice, { ...alice, name: 'bob' }, null, {}]), ['user']);
  assert.deepEqual(subjectNames([{ kind: 'ServiceAccount', name: 'a', namespace: 'dev' }, alice]), [
    'ServiceAccount/dev/a',
    'User/alice',
  ]);
});

test('every way of writing a binding, and older or missing versions', () => {
  const binding = { roleRef: { ...view, name: 'cluster-admin' }, subjects: [alice] };
  const role = (event: object, known?: Past) => {
    const { role, grants_to } = grantIn(event, known) ?? {};
    return [role, grants_to?.join()];
  };
  const expected = ['ClusterRole/cluster-admin', 'user'];
  for (const apiVersion of ['v1', 'v1beta1', 'v1alpha1']) {
    const objectRef = { resource: 'rolebindings', namespace: 'dev', name: 'x', apiGroup: GROUP, apiVersion };
    assert.deepEqual(role(written('', binding, { objectRef })), expected);
  }
  assert.deepEqual(role(written('', binding, { objectRef: { resource: 'clusterrolebindings' } })), expected);
  assert.deepEqual(role(written('clusterrolebindings', binding, { verb: 'update' })), expected);
  assert.deepEqual(role(written('clusterrolebindings', binding, { verb: 'patch' })), expected);
  const add = [{ op: 'add', path: '/subjects/-', value: alice }];
  const patch = written('clusterrolebindings', add, { verb: 'patch', responseStatus: { code: 403 } });
  assert.deepEqual(role(patch), [undefined, 'user'], 'of an object that was never seen');
  const before = { roleRef: view, subjects: [{ kind: 'Group', name: 'devs' }] };
  const known = past({ 'clusterrolebindings/x': before });
  assert.deepEqual(role(patch, known), ['ClusterRole/view', 'group,user']);
});

test('a patch of labels and annotations grants nothing, but for those that add a role to another', () => {
  const rules = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
  const labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' };
  const responseObject = { kind: 'ClusterRole', metadata: { labels }, rules };
  const isGranted = (patch: unknown) =>
    grantIn(
      written('clusterroles', patch, { verb: 'patch', responseStatus: { code: 200 }, responseObject }),
    ) !== undefined;
  for (const patch of [
    { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } } },
    { metadata: { labels: null } },
    [{ op: 'add', path: '/metadata/labels/a', value: 'b' }],
    [{ op: 'add', path: '/metadata/annotations', value: labels }],
  ])
    assert.equal(isGranted(patch), false, JSON.stringify(patch));
  for (const patch of [
    { rules },
    { $patch: 'replace', metadata: {} },
    { metadata: { labels } },
    [{ op: 'add', path: '/rules/-', value: rules[0] }],
    [{ op: 'replace', path: '', value: responseObject }],
    [{ op: 'add', path: '/metadata', value: { labels } }],
    [{ op: 'add', path: '/metadata/labels', value: labels }],
    [{ op: 'add', path: '/metadata/labels/rbac.authorization.k8s.io~1aggregate-to-edit', value: 'true' }],
    undefined,
  ])
    assert.equal(isGranted(patch), true, JSON.stringify(patch));
});

test('a binding to a role that was seen grants what that role does', () => {
  const rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }];
  const known = past({
    'clusterroles/reader': { rules },
    'roles/reader': { rules, metadata: { labels: { 'rbac.authorization.k8s.io/aggregate-to-x': 'true' } } },
    'clusterroles/view': { rules },
    'clusterroles/admin': { rules: null, aggregationRule: {} },
  });
  const power = (kind: string, name: string, from = known) =>
    grantIn(written('rolebindings', { roleRef: { kind, name }, subjects: [alice] }), from)?.power;
  assert.deepEqual(power('ClusterRole', 'reader'), ['secrets']);
  assert.deepEqual(power('Role', 'reader'), ['secrets']);
  assert.deepEqual(power('ClusterRole', 'view'), ['secrets'], 'something was added to it');
  assert.ok(power('ClusterRole', 'admin')?.includes('pods-exec'));
  assert.equal(power('ClusterRole', 'view', NO_PAST), undefined);
  assert.equal(power('Role', 'cluster-admin', NO_PAST), undefined, 'a namespace may call its roles anything');
  assert.ok(power('ClusterRole', 'system:masters')?.includes('cluster-admin'));
});

test('a review is judged by its object', () => {
  const request = {
    uid: 'u',
    operation: 'CREATE',
    resource: { group: GROUP, version: 'v1', resource: 'clusterrolebindings' },
    object: { roleRef: view, subjects: [alice] },
  };
  assert.deepEqual(new EventView(decoded(reviewRecord(request)), NO_PAST).grant?.subjects, ['User/alice']);
});

test('other requests grant nothing', () => {
  const object = { rules: [{ verbs: ['*'] }] };
  for (const fields of [
    { verb: 'delete' },
    { verb: 'get' },
    { objectRef: { resource: 'roles', apiGroup: 'example.com' } },
    { objectRef: { resource: 'roles', apiGroup: GROUP, subresource: 'status' } },
    { objectRef: { resource: 'constructor' } },
    { requestObject: undefined },
  ]) {
    assert.equal(grantIn(written('clusterroles', object, fields)), undefined, JSON.stringify(fields));
  }
});

test('a wrong type in the place of any field throws nothing', () => {
  const event = written('clusterrolebindings', { roleRef: view, subjects: [alice] });
  for (const _ of wrongTypesIn(event)) {
    try {
      grantIn(event);
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'ITEM_NOT_AN_EVENT', String(error));
    }
  }
});
