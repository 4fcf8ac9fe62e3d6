import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Request } from '../../../../src/detect/decode/request.ts';
import { EventView } from '../../../../src/detect/view.ts';
import { parseDocument } from '../../../../src/receive/files/parse.ts';
import { decoded, NO_PAST, RECEIVED_MS, wrongTypesIn } from '../support.ts';

const SAMPLE = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../fixtures/clouds/gke-logentry.json'), 'utf8'),
);

const LIMITS = { batch_items_max: 100, item_bytes_max: 1_000_000, json_depth_max: 200 };

function requestOf(entry: object): Request {
  const origin = { cluster: 'c', receivedMs: RECEIVED_MS };
  const [record] = parseDocument(Buffer.from(JSON.stringify(entry)), origin, LIMITS, 'entry').records;
  if (!record) throw new Error('no record');
  return decoded(record);
}

/** The sample with some of its payload replaced. */
const entryWith = (payload: object, top: object = {}) => ({
  ...SAMPLE,
  ...top,
  protoPayload: { ...SAMPLE.protoPayload, ...payload },
});

const outcomeOf = (entry: object) => new EventView(requestOf(entry), NO_PAST).admission.outcome;

test('an entry is read in the shape of an audit event', () => {
  const request = requestOf(SAMPLE);
  const { '@type': _, ...pod } = SAMPLE.protoPayload.request;
  for (const [field, expected] of Object.entries({
    verb: 'create',
    auditID: '3f6c1f0e-8f0c-4a53-9a3c-1d2e3f405162',
    requestURI: '/api/v1/namespaces/prod/pods',
    objectRef: { resource: 'pods', namespace: 'prod', name: 'bad', apiVersion: 'v1' },
    user: { username: 'alice@example.com' },
    sourceIPs: ['203.0.113.9'],
    userAgent: 'kubectl/v1.37.0',
    requestObject: pod,
    annotations: SAMPLE.labels,
    stage: undefined,
  })) {
    assert.deepEqual(request.field(field), expected, field);
  }
  assert.equal(request.code, 403);
  assert.equal(request.time, Date.UTC(2026, 7, 22, 10, 11, 12, 123) * 1000 + 456);
  assert.deepEqual(request.limits, ['groups-not-recorded', 'stage-not-recorded', 'query-not-recorded']);
  const { admission, pod: written } = new EventView(request, NO_PAST);
  assert.equal(admission.outcome, 'denied');
  assert.equal(admission.denied_by?.[0]?.engine, 'gatekeeper');
  assert.ok(written);
});

test('what was applied where it was not there was created, as its age tells', () => {
  const codeOf = (creationTimestamp?: string, changes: object = {}, timestamp = SAMPLE.timestamp) => {
    const response = { kind: 'Pod', metadata: { creationTimestamp } };
    const request = { '@type': 'k8s.io/Patch', apiVersion: 'v1', kind: 'Pod' };
    const payload = { methodName: 'io.k8s.core.v1.pods.patch', status: {}, request, response, ...changes };
    return requestOf(entryWith(payload, { timestamp })).code;
  };
  assert.equal(SAMPLE.timestamp, '2026-08-22T10:11:12.123456Z');
  assert.equal(codeOf('2026-08-22T10:11:12Z'), 201);
  assert.equal(codeOf('2026-08-22T10:11:13Z'), 201);
  assert.equal(codeOf('2026-08-22T10:11:11Z'), 200);
  assert.equal(codeOf(), 200);
  assert.equal(codeOf('2026-08-22T10:11:12Z', {}, 'yesterday'), 200);
  assert.equal(codeOf('2026-08-22T10:11:12Z', { request: { '@type': 'k8s.io/Patch', spec: {} } }), 200);
  assert.equal(codeOf('2026-08-22T10:11:12Z', { methodName: 'io.k8s.core.v1.pods.status.patch' }), 200);
});

test('the method tells verb and resource, the name of the resource everything else', () => {
  const cases: [method: string, name: string | undefined, uri: string | undefined, ref: object][] = [
    [
      'io.k8s.core.v1.pods.exec.create',
      'core/v1/namespaces/prod/pods/web/exec',
      '/api/v1/namespaces/prod/pods/web/exec',
      { resource: 'pods', subresource: 'exec', namespace: 'prod', name: 'web', apiVersion: 'v1' },
    ],
    [
      'io.k8s.authorization.rbac.v1.clusterroles.update',
      'rbac.authorization.k8s.io/v1/clusterroles/admin',
      '/apis/rbac.authorization.k8s.io/v1/clusterroles/admin',
      { resource: 'clusterroles', name: 'admin', apiGroup: 'rbac.authorization.k8s.io', apiVersion: 'v1' },
    ],
    [
      'io.k8s.core.v1.pods.create',
      'core/v1/namespaces/prod/pods',
      '/api/v1/namespaces/prod/pods',
      { resource: 'pods', namespace: 'prod', apiVersion: 'v1' },
    ],
    [
      'io.k8s.core.v1.namespaces.create',
      'core/v1/namespaces/prod',
      '/api/v1/namespaces',
      { resource: 'namespaces', namespace: 'prod', name: 'prod', apiVersion: 'v1' },
    ],
    [
      'io.k8s.core.v1.namespaces.patch',
      'core/v1/namespaces/prod',
      '/api/v1/namespaces/prod',
      { resource: 'namespaces', namespace: 'prod', name: 'prod', apiVersion: 'v1' },
    ],
    ['io.k8s.core.v1.secrets.list', undefined, undefined, { resource: 'secrets', apiVersion: 'v1' }],
    [
      'io.k8s.core.v1.secrets.list',
      'core/v1/secrets',
      '/api/v1/secrets',
      { resource: 'secrets', apiVersion: 'v1' },
    ],
  ];
  for (const [methodName, resourceName, uri, ref] of cases) {
    const authorizationInfo: object[] = [];
    const request = requestOf(entryWith({ methodName, resourceName, authorizationInfo, status: {} }));
    assert.equal(request.verb, methodName.split('.').at(-1));
    assert.equal(request.uri, uri);
    assert.deepEqual(request.field('objectRef'), ref);
  }
  for (const [methodName, resourceName] of [
    ['io.k8s.get', 'readyz'],
    ['io.k8s.readyz', undefined],
    ['io.k8s.readyz', '/readyz'],
  ]) {
    const { verb, uri, ref } = requestOf(entryWith({ methodName, resourceName, authorizationInfo: [] }));
    assert.deepEqual([verb, uri, ref.resource], ['get', '/readyz', '']);
  }
});

test('the status is that of HTTP, told by gRPC, the response or the authorization', () => {
  const granted = (is: boolean) => [{ granted: is, permission: 'io.k8s.core.v1.pods.create' }];
  const cases: [payload: object, code: number, outcome: string][] = [
    [{ status: undefined }, 201, 'admitted'],
    [{ status: {} }, 201, 'admitted'],
    [{ status: { code: 0 } }, 201, 'admitted'],
    [{ status: { code: 7, message: 'no' } }, 403, 'denied'],
    [{ status: { code: 16 } }, 401, 'denied'],
    [{ status: { code: 5 } }, 404, 'failed'],
    [{ status: { code: 6 } }, 409, 'failed'],
    [{ status: { code: 99 } }, 500, 'failed'],
    [{ status: {}, authorizationInfo: granted(false) }, 403, 'denied'],
    [{ status: { code: 10 }, response: { status: 'Failure', code: 422, message: 'x' } }, 422, 'failed'],
    [{ status: {}, methodName: 'io.k8s.core.v1.pods.get' }, 200, 'other'],
    [{ status: {}, methodName: 'io.k8s.core.v1.pods.exec.create' }, 101, 'admitted'],
  ];
  for (const [payload, code, outcome] of cases) {
    const entry = entryWith(payload, { labels: undefined });
    assert.equal(requestOf(entry).code, code, JSON.stringify(payload));
    assert.equal(outcomeOf(entry), outcome, JSON.stringify(payload));
  }
  const refused = requestOf(entryWith({ status: {}, authorizationInfo: granted(false) }, { labels: {} }));
  assert.deepEqual(refused.annotations, { 'authorization.k8s.io/decision': 'forbid' });
});

test('who asked, and in whose name', () => {
  const usersOf = (authenticationInfo: object) => {
    const { name, actingAs } = requestOf(entryWith({ authenticationInfo })).caller;
    return [name, actingAs];
  };
  assert.deepEqual(usersOf({ principalEmail: 'alice', authoritySelector: 'root' }), ['alice', 'root']);
  assert.deepEqual(usersOf({ authoritySelector: 'system:anonymous' }), ['system:anonymous', undefined]);
  const principalSubject = 'principal://iam.googleapis.com/locations/global/workforcePools/p/subject/bob';
  assert.deepEqual(usersOf({ principalSubject }), [principalSubject, undefined]);
  assert.deepEqual(usersOf({ principalSubject, principalEmail: 'bob' }), ['bob', undefined]);
  assert.deepEqual(usersOf({}), ['', undefined]);
});

test('the kind of an object is in its type, and an object may be a text', () => {
  const spec = { hostPID: true };
  for (const request of [
    { '@type': 'core.k8s.io/v1.Pod', spec },
    { kind: 'Pod', spec },
    JSON.stringify({ '@type': 'core.k8s.io/v1.Pod', spec }),
  ]) {
    assert.deepEqual(requestOf(entryWith({ request })).requestObject, { kind: 'Pod', spec });
  }
  assert.deepEqual(requestOf(entryWith({ request: { '@type': 'k8s.io/Patch', spec } })).requestObject, {
    spec,
  });
});

test('an entry that is no request to a cluster is refused', () => {
  for (const methodName of [
    undefined,
    7,
    'compute.instances.list',
    'io.k8s',
    'io.k8s.core.v1.pods.create; x',
  ]) {
    assert.throws(() => requestOf(entryWith({ methodName })), { code: 'ITEM_NOT_AN_EVENT' });
  }
});

test('a wrong type in the place of any field gives an answer or our own error', () => {
  const entry = structuredClone(SAMPLE);
  for (const _ of wrongTypesIn(entry)) {
    try {
      const view = new EventView(requestOf(entry), NO_PAST);
      assert.ok(view.admission.outcome);
      assert.ok(view.field('gatewatch'));
      assert.ok(Array.isArray(view.request.limits));
    } catch (error) {
      assert.match(String((error as { code?: string }).code ?? error), /^ITEM_NOT_|no record/);
    }
  }
});
