import assert from 'node:assert/strict';
import test from 'node:test';
import { podOf } from '../../../../src/detect/podsecurity/pod-template.ts';

const POD = { metadata: { annotations: { a: 'b' } }, spec: { containers: [{ name: 'c' }] } };

/** Kind, resource, API version, path, and the object that carries the pod there. */
const CARRIERS = [
  ['Pod', 'pods', 'v1', '', POD],
  ['PodTemplate', 'podtemplates', 'v1', 'template', { template: POD }],
  ['ReplicationController', 'replicationcontrollers', 'v1', 'spec.template', { spec: { template: POD } }],
  ['ReplicaSet', 'replicasets', 'apps/v1', 'spec.template', { spec: { template: POD } }],
  ['Deployment', 'deployments', 'apps/v1', 'spec.template', { spec: { template: POD } }],
  ['StatefulSet', 'statefulsets', 'apps/v1', 'spec.template', { spec: { template: POD } }],
  ['DaemonSet', 'daemonsets', 'apps/v1', 'spec.template', { spec: { template: POD } }],
  ['Job', 'jobs', 'batch/v1', 'spec.template', { spec: { template: POD } }],
  [
    'CronJob',
    'cronjobs',
    'batch/v1',
    'spec.jobTemplate.spec.template',
    { spec: { jobTemplate: { spec: { template: POD } } } },
  ],
] as const;

for (const [kind, resource, apiVersion, path, body] of CARRIERS) {
  test(`the pod of a ${kind} is found by kind, or by resource where the kind is absent`, () => {
    const expected = { ...POD, path };
    assert.deepEqual(podOf({ ...body, kind, apiVersion }), expected);
    assert.deepEqual(podOf({ ...body, kind }), expected);
    assert.deepEqual(podOf(body, resource), expected);
    assert.deepEqual(podOf({ ...body, kind: '' }, resource), expected);
    assert.equal(podOf(body), undefined);
  });
}

test('the kind decides over the resource', () => {
  assert.equal(podOf({ ...POD, kind: 'Binding' }, 'pods'), undefined);
  assert.equal(podOf({ kind: 'Pod', ...POD }, 'deployments')?.path, '');
});

test('a custom resource with the name of a built-in kind carries no pod', () => {
  const object = { apiVersion: 'batch.volcano.sh/v1alpha1', kind: 'Job', spec: { template: POD } };
  assert.equal(podOf(object), undefined);
  assert.equal(podOf(object, 'jobs'), undefined);
});

test('workloads of the API groups that had them before', () => {
  for (const kind of ['Deployment', 'ReplicaSet', 'DaemonSet', 'Job']) {
    const object = { apiVersion: 'extensions/v1beta1', kind, spec: { template: POD } };
    assert.deepEqual(podOf(object), { ...POD, path: 'spec.template' }, kind);
  }
  for (const apiVersion of ['batch/v2alpha1', 'batch/v1beta1', 'apps/v1beta1']) {
    const object = { apiVersion, spec: { template: POD, jobTemplate: { spec: { template: POD } } } };
    const [kind, path] = apiVersion.startsWith('apps')
      ? ['StatefulSet', 'spec.template']
      : ['CronJob', 'spec.jobTemplate.spec.template'];
    assert.equal(podOf({ ...object, kind })?.path, path, apiVersion);
  }
  assert.equal(podOf({ apiVersion: 'extensions/v1beta1', kind: 'CronJob', spec: {} }), undefined);
});

test('a controller without a template carries no pod', () => {
  for (const spec of [undefined, null, {}, { template: null }, { template: [] }, 'x']) {
    assert.equal(podOf({ kind: 'ReplicationController', spec }), undefined);
  }
  assert.equal(podOf({ kind: 'CronJob', spec: { jobTemplate: { spec: null } } }), undefined);
});

test('what is no object, or of an unknown kind, carries no pod', () => {
  for (const value of [undefined, null, 'Pod', 1, true, [], [{ kind: 'Pod' }]]) {
    assert.equal(podOf(value, 'pods'), undefined);
  }
  for (const kind of ['__proto__', 'constructor', 'toString', 'pod', 'PodList']) {
    assert.equal(podOf({ ...POD, kind }), undefined);
  }
  assert.equal(podOf(POD, '__proto__'), undefined);
  assert.equal(podOf({ ...POD, kind: 7 }, 'pods')?.path, '');
});
