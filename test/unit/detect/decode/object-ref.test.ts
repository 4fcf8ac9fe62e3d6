import assert from 'node:assert/strict';
import test from 'node:test';
import { glanceAt } from '../../../../src/detect/decode/glance.ts';
import { objectRefIn } from '../../../../src/detect/decode/object-ref.ts';
import { decoded, eventWith, recordedLines, recordOf, WRONG } from '../support.ts';

test('an address is read as the API server reads it', () => {
  const core = { apiVersion: 'v1' };
  const rbac = { apiGroup: 'rbac.authorization.k8s.io', apiVersion: 'v1' };
  const cases: [uri: string, expected: object | undefined][] = [
    ['/api/v1/pods', { ...core, resource: 'pods' }],
    ['/api/v1/pods?watch=true&x=/a/b', { ...core, resource: 'pods' }],
    ['/api/v1/namespaces', { ...core, resource: 'namespaces' }],
    ['/api/v1/namespaces/dev', { ...core, resource: 'namespaces', namespace: 'dev', name: 'dev' }],
    [
      '/api/v1/namespaces/dev/finalize',
      { ...core, resource: 'namespaces', namespace: 'dev', name: 'dev', subresource: 'finalize' },
    ],
    ['/api/v1/namespaces/dev/pods', { ...core, resource: 'pods', namespace: 'dev' }],
    [
      '/api/v1/namespaces/dev/pods/web/exec?command=sh',
      { ...core, resource: 'pods', namespace: 'dev', name: 'web', subresource: 'exec' },
    ],
    [
      '/api/v1/nodes/n1:10250/proxy/run/a/b/c',
      { ...core, resource: 'nodes', name: 'n1:10250', subresource: 'proxy' },
    ],
    ['/api/v1/watch/namespaces/dev/pods', { ...core, resource: 'pods', namespace: 'dev' }],
    [
      '/apis/rbac.authorization.k8s.io/v1/clusterroles/a%3Ab',
      { ...rbac, resource: 'clusterroles', name: 'a:b' },
    ],
    ['/api/v1', undefined],
    ['/api', undefined],
    ['/apis/apps/v1', undefined],
    ['/healthz', undefined],
    ['/openapi/v2', undefined],
    ['', undefined],
  ];
  for (const [uri, expected] of cases) assert.deepEqual(objectRefIn(uri), expected, uri);
});

/** The `objectRef` that rules read of an event with these fields. */
const refOf = (requestURI: unknown, objectRef: unknown) =>
  decoded(recordOf(eventWith({ requestURI, objectRef }))).field('objectRef');

const ROLE = '/apis/rbac.authorization.k8s.io/v1/namespaces/dev/roles/r';

test('what a trimmed event lacks is taken from its address', () => {
  const whole = {
    resource: 'roles',
    namespace: 'dev',
    name: 'r',
    apiGroup: 'rbac.authorization.k8s.io',
    apiVersion: 'v1',
  };
  for (const trimmed of [
    undefined,
    null,
    {},
    { resource: 'roles' },
    { ...whole, apiGroup: '' },
    { name: 'r' },
  ]) {
    const request = decoded(recordOf(eventWith({ requestURI: ROLE, objectRef: trimmed })));
    assert.deepEqual(request.field('objectRef'), whole, JSON.stringify(trimmed));
    assert.deepEqual(request.ref, { ...whole, subresource: '' });
  }
  const noRef = { ...eventWith(), objectRef: undefined, requestURI: `${ROLE}?x` };
  assert.deepEqual(decoded(recordOf(noRef)).field('objectRef'), whole);
});

test('what an event says stays as it is, also against its address', () => {
  for (const objectRef of [
    { resource: 'roles', namespace: 'prod', name: 'r' },
    { resource: 'rolebindings', namespace: 'dev' },
    { resource: 'roles', name: 'other' },
    { resource: 7 },
  ]) {
    assert.deepEqual(refOf(ROLE, objectRef), objectRef);
  }
  const pod = { resource: 'pods', namespace: 'dev', name: 'web', apiVersion: 'v1' };
  assert.deepEqual(refOf('/api/v1/namespaces/dev/pods/web/exec', pod), pod, 'no subresource is none');
  assert.deepEqual(
    refOf('/apis/apps/v1/deployments', {
      resource: 'deployments',
      apiVersion: 'v1beta1',
      apiGroup: 'extensions',
    }),
    {
      resource: 'deployments',
      apiVersion: 'v1beta1',
      apiGroup: 'extensions',
    },
  );
});

test('an API version with its group in it tells the group', () => {
  const ref = { resource: 'cronjobs', namespace: 'dev', apiVersion: 'batch/v1' };
  for (const uri of [undefined, '/x', '/apis/batch/v1/namespaces/dev/cronjobs']) {
    assert.deepEqual(refOf(uri, ref), { ...ref, apiGroup: 'batch' });
  }
});

test('recorded events say all that their address does, and a trimmed one is never only glanced at', () => {
  for (const line of recordedLines('0*')) {
    const event = JSON.parse(line);
    const glance = glanceAt(recordOf(line));
    assert.deepEqual(decoded(recordOf(line)).field('objectRef'), event.objectRef);
    for (const key of Object.keys(objectRefIn(event.requestURI) ?? {})) {
      if (key === 'subresource') continue;
      const { [key]: _, ...rest } = event.objectRef;
      const trimmed = recordOf({ ...event, objectRef: rest });
      assert.equal(glanceAt(trimmed), undefined, line);
      if (glance) assert.deepEqual(decoded(trimmed).field('objectRef'), event.objectRef, line);
    }
  }
});

test('values of any type are survived', () => {
  for (const value of WRONG) {
    for (const uri of [ROLE, '/api/v1/pods', value]) {
      for (const objectRef of [{ resource: value }, { apiVersion: value, name: value }]) {
        const record = recordOf(eventWith({ requestURI: uri, objectRef }));
        try {
          assert.equal(typeof decoded(record).ref.apiGroup, 'string');
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'ITEM_NOT_AN_EVENT');
        }
      }
    }
  }
});
