import assert from 'node:assert/strict';
import test from 'node:test';
import { EventView } from '../../../src/detect/view.ts';
import { decoded, NO_PAST, recordOf } from './support.ts';

const EVENT = {
  level: 'RequestResponse',
  stage: 'ResponseComplete',
  auditID: 'a',
  user: { username: 'mallory' },
  responseStatus: { code: 200 },
  requestReceivedTimestamp: '2026-11-22T13:00:00.000000Z',
  stageTimestamp: '2026-11-22T13:00:00.100000Z',
};

function view(event: object): EventView {
  return new EventView(decoded(recordOf({ ...EVENT, ...event })), NO_PAST);
}

const DELETION = {
  verb: 'delete',
  objectRef: { resource: 'validatingwebhookconfigurations', name: 'w' },
  requestURI: '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/w?dryRun=All',
};

test('a dry run that only the query of a delete claims hides no deletion', () => {
  const body = { kind: 'DeleteOptions', propagationPolicy: 'Background' };
  assert.equal(view({ ...DELETION, requestObject: body }).admission.outcome, 'admitted');
  assert.equal(
    view({ ...DELETION, requestObject: { ...body, dryRun: ['All'] } }).admission.outcome,
    'dry-run',
  );
  assert.equal(view(DELETION).admission.outcome, 'dry-run', 'there was no body');
  assert.equal(
    view({ ...DELETION, level: 'Metadata' }).admission.outcome,
    'admitted',
    'bodies are not recorded',
  );
});

test('what a dry run does not spare the cluster is no dry run', () => {
  for (const [verb, resource, subresource, code] of [
    ['get', 'pods', 'exec', 101],
    ['create', 'pods', 'portforward', 101],
    ['create', 'nodes', 'proxy', 200],
    ['create', 'serviceaccounts', 'token', 201],
    ['create', 'selfsubjectrulesreviews', '', 201],
  ] as const) {
    const objectRef = { resource, subresource, name: 'x' };
    const requestURI = '/api/v1/x?command=id&dryRun=All';
    const { admission } = view({ verb, objectRef, requestURI, responseStatus: { code } });
    assert.equal(admission.outcome, 'admitted', resource);
  }
});

test('an answer that a client has asked for in the place of the object hides nothing', () => {
  const object = {
    metadata: { name: 'x', labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } },
    spec: { type: 'NodePort', containers: [{ image: 'nginx' }] },
    rules: [{ verbs: ['*'] }],
  };
  for (const responseObject of [
    { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: {}, rows: [] },
    { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
  ]) {
    const created = (resource: string, apiGroup = '') =>
      view({
        verb: 'create',
        objectRef: { resource, apiGroup, name: 'x' },
        responseStatus: { code: 201 },
        requestObject: object,
        responseObject,
      });
    assert.deepEqual(created('pods').pod?.spec, object.spec);
    assert.ok(created('clusterroles', 'rbac.authorization.k8s.io').grant?.power);
    assert.deepEqual(created('services').exposure?.how, ['node-port']);
    assert.deepEqual(created('namespaces').namespaceChange?.changes, ['privileged-chosen']);
    assert.equal(created('pods').objectName, 'x');
  }
});

test('a path that only looks like a query is no dry run', () => {
  const requestURI = '/api/v1/namespaces/x/pods/x&dryRun=All';
  assert.equal(view({ verb: 'create', requestURI, objectRef: { resource: 'pods' } }).request.dryRun, false);
});

test('a namespace made by server-side apply is new, not lowered', () => {
  const labels = { 'pod-security.kubernetes.io/enforce': 'privileged' };
  const namespace = { kind: 'Namespace', metadata: { name: 'x', labels } };
  const change = view({
    verb: 'patch',
    objectRef: { resource: 'namespaces', namespace: 'x', name: 'x' },
    responseStatus: { code: 201 },
    requestObject: namespace,
    responseObject: namespace,
  }).namespaceChange;
  assert.deepEqual(change?.changes, ['privileged-chosen']);
});

test('text before the first slash of a JSON pointer hides no label', () => {
  const operation = {
    op: 'replace',
    path: 'x/metadata/labels/pod-security.kubernetes.io~1enforce',
    value: 'privileged',
  };
  const change = view({
    verb: 'patch',
    objectRef: { resource: 'namespaces', namespace: 'x', name: 'x' },
    requestObject: [operation],
  }).namespaceChange;
  assert.deepEqual(change?.changes, ['enforce-lowered']);
});

test("a controller's name does not cover a pod without an owner", () => {
  const pod = (metadata: object, verb = 'create') => ({
    verb,
    responseStatus: { code: 201 },
    user: { username: 'system:serviceaccount:kube-system:replicaset-controller' },
    objectRef: { resource: 'pods', namespace: 'x' },
    requestObject: { kind: 'Pod', metadata, spec: { containers: [] } },
  });
  assert.equal(view(pod({ ownerReferences: [{ kind: 'ReplicaSet', name: 'r' }] })).actorKind, 'controller');
  assert.equal(view(pod({})).actorKind, 'service-account');
  assert.equal(view(pod({}, 'patch')).actorKind, 'service-account', 'applied on the server');
});

test('what a hook or probe executes is a command, and a hundred volumes before it hide no host path', () => {
  const volumes = Array.from({ length: 100 }, (_, index) => ({ name: `v${index}`, emptyDir: {} }));
  const container = { name: 'c', lifecycle: { postStart: { exec: { command: ['nsenter', '-t', '1'] } } } };
  const fields = view({
    verb: 'create',
    objectRef: { resource: 'pods', namespace: 'x' },
    responseStatus: { code: 403 },
    requestObject: {
      kind: 'Pod',
      spec: { containers: [container], volumes: [...volumes, { name: 'h', hostPath: { path: '/' } }] },
    },
  }).field('gatewatch') as { pod: { command: string[]; host_path: string[] } };
  assert.deepEqual(fields.pod.command, ['nsenter -t 1']);
  assert.deepEqual(fields.pod.host_path, ['/']);
});

test('a field that a patch spells like one of an earlier patch is not taken for that one', () => {
  const patched = (spec: string) => {
    const event = { ...EVENT, verb: 'patch', objectRef: { resource: 'deployments', name: 'web' } };
    const text = JSON.stringify({ ...event, requestObject: { spec: { template: { spec: 0 } } } });
    return new EventView(decoded(recordOf(text.replace('"spec":0', `"spec":${spec}`))), NO_PAST);
  };
  // JSON.parse of V8 may mistake one for the other.
  assert.equal(patched('{"unknown":1,"\\\\u0068o":true}').podSecurity?.baseline, undefined);
  const { podSecurity } = patched('{"unknown":1,"\\u0068ostPID":true}');
  assert.deepEqual(
    podSecurity?.baseline?.map(({ check }) => check),
    ['hostNamespaces'],
  );
});
