import assert from 'node:assert/strict';
import test from 'node:test';
import { EventView } from '../../../src/detect/view.ts';
import { decoded, recordOf } from './support.ts';

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
  return new EventView(decoded(recordOf({ ...EVENT, ...event })), () => ({}));
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
  const pod = (metadata: object) => ({
    verb: 'create',
    user: { username: 'system:serviceaccount:kube-system:replicaset-controller' },
    objectRef: { resource: 'pods', namespace: 'x' },
    requestObject: { kind: 'Pod', metadata, spec: { containers: [] } },
  });
  assert.equal(view(pod({ ownerReferences: [{ kind: 'ReplicaSet', name: 'r' }] })).actorKind, 'controller');
  assert.equal(view(pod({})).actorKind, 'service-account');
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
