import assert from 'node:assert/strict';
import test from 'node:test';
import type { Request } from '../../../../src/detect/decode/request.ts';
import { writtenObject } from '../../../../src/detect/memory/written-object.ts';
import { writtenPod as writtenPodOn } from '../../../../src/detect/workload/written-pod.ts';
import type { Outcome } from '../../../../src/record/signal.ts';
import { decoded, eventWith, recordOf, reviewRecord, wrongTypesIn } from '../support.ts';

const SPEC = { containers: [{ name: 'c', securityContext: { privileged: true } }] };
const RECEIVED = '2026-11-22T13:00:00.500000Z';

function writtenPod(request: Request, outcome: Outcome, before?: object) {
  return writtenPodOn(request, outcome, () => writtenObject(request, outcome, () => before));
}

/** The spec found, `fragment` before it where only a patch is known. */
function found(fields: object, outcome: Outcome = 'admitted'): unknown {
  const pod = writtenPod(
    decoded(recordOf(eventWith({ requestReceivedTimestamp: RECEIVED, ...fields }))),
    outcome,
  );
  return pod && (pod.complete ? pod.spec : ['fragment', pod.spec]);
}

const ref = (resource: string, apiGroup = '', subresource = '') => ({
  objectRef: { resource, apiGroup, name: 'x', namespace: 'dev', subresource },
});

test('every kind that carries a pod', () => {
  const template = { spec: SPEC };
  const carriers: [resource: string, group: string, kind: string, object: object][] = [
    ['pods', '', 'Pod', { spec: SPEC }],
    ['podtemplates', '', 'PodTemplate', { template }],
    ['replicationcontrollers', '', 'ReplicationController', { spec: { template } }],
    ...['ReplicaSet', 'Deployment', 'StatefulSet', 'DaemonSet'].map(
      (kind): [string, string, string, object] => [
        `${kind.toLowerCase()}s`,
        'apps',
        kind,
        { spec: { template } },
      ],
    ),
    ['jobs', 'batch', 'Job', { spec: { template } }],
    ['cronjobs', 'batch', 'CronJob', { spec: { jobTemplate: { spec: { template } } } }],
  ];
  for (const [resource, group, kind, object] of carriers) {
    const requestObject = { kind, apiVersion: group ? `${group}/v1` : 'v1', ...object };
    assert.deepEqual(found({ ...ref(resource, group), requestObject }), SPEC, kind);
    assert.deepEqual(found({ ...ref(resource, group), requestObject }, 'denied'), SPEC, kind);
    if (kind !== 'Pod') {
      const patched = { ...ref(resource, group), verb: 'patch', requestObject: object };
      assert.deepEqual(found(patched, 'denied'), ['fragment', SPEC], kind);
      const admitted = { ...patched, responseObject: requestObject };
      assert.deepEqual(found(admitted), SPEC, kind);
    }
  }
  assert.equal(
    found({ ...ref('jobs', 'batch.volcano.sh'), requestObject: { spec: { template } } }),
    undefined,
  );
});

test('of a pod that runs the images that a patch names, and nothing else', () => {
  const patch = (requestObject: unknown, fields: object = {}) =>
    found({
      ...ref('pods'),
      verb: 'patch',
      responseStatus: { code: 200 },
      responseObject: { kind: 'Pod', spec: SPEC },
      requestObject,
      ...fields,
    });
  const evil = { name: 'c', image: 'evil' };
  const strategic = { spec: { $setElementOrder: { containers: [{ name: 'c' }] }, containers: [evil] } };
  assert.deepEqual(patch(strategic), ['fragment', { containers: [evil] }]);
  assert.deepEqual(patch(strategic, { responseStatus: undefined }), ['fragment', { containers: [evil] }]);
  assert.deepEqual(patch({ spec: { initContainers: [{ ...evil, tty: true }, { name: 'd' }] } }), [
    'fragment',
    { initContainers: [evil] },
  ]);
  const written = ['fragment', { containers: [{ name: undefined, image: 'evil' }] }];
  for (const [path, value] of [
    ['/spec/containers/0/image', 'evil'],
    ['/spec/containers/0', { image: 'evil' }],
    ['/spec/containers', [{ image: 'evil' }]],
  ])
    assert.deepEqual(patch([{ op: 'replace', path, value }]), written, String(path));
  for (const other of [
    { metadata: { labels: { a: 'b' } } },
    { spec: { tolerations: [] } },
    { spec: { containers: [{ name: 'c', image: 7 }] } },
    [{ op: 'remove', path: '/spec/containers/0/image' }],
    [{ op: 'add', path: '/metadata/labels/image', value: 'evil' }],
    undefined,
  ])
    assert.equal(patch(other), undefined, JSON.stringify(other));
  assert.equal(patch(strategic, { ...ref('pods', '', 'status') }), undefined);
  const applied = { kind: 'Pod', spec: { containers: [evil] } };
  const answer = (time: string) => ({
    responseObject: { kind: 'Pod', metadata: { managedFields: [{ time }] } },
  });
  assert.deepEqual(patch(applied), ['fragment', { containers: [evil] }]);
  assert.deepEqual(patch(applied, answer('2026-11-22T13:00:00Z')), ['fragment', { containers: [evil] }]);
  assert.equal(patch(applied, answer('2026-11-22T12:59:59Z')), undefined, 'applied once more as it is');
});

test('older API versions, and events that name no group', () => {
  const spec = { template: { spec: SPEC } };
  const requestObject = { kind: 'Deployment', apiVersion: 'extensions/v1beta1', spec };
  assert.deepEqual(found({ ...ref('deployments', 'extensions'), requestObject }), SPEC);
  assert.deepEqual(found({ ...ref('daemonsets'), requestObject: { spec } }), SPEC);
  const cronJob = { apiVersion: 'batch/v2alpha1', kind: 'CronJob', spec: { jobTemplate: { spec } } };
  assert.deepEqual(found({ ...ref('cronjobs', 'batch'), requestObject: cronJob }), SPEC);
});

test('what is stored counts, not what was asked for', () => {
  const asked = { kind: 'Pod', spec: { containers: [] } };
  assert.deepEqual(found({ requestObject: asked, responseObject: { kind: 'Pod', spec: SPEC } }), SPEC);
  assert.deepEqual(
    found({ requestObject: { spec: SPEC }, responseObject: { kind: 'Status' } }, 'denied'),
    SPEC,
  );
  assert.equal(found({ requestObject: undefined }), undefined, 'no bodies');
});

test('requests that write no pod', () => {
  const requestObject = { kind: 'Pod', spec: SPEC };
  for (const fields of [
    { verb: 'get' },
    { verb: 'delete' },
    { verb: 'update' },
    { verb: 'patch', responseStatus: { code: 200 } },
    { verb: 'patch', ...ref('pods', '', 'status') },
    { ...ref('pods', '', 'binding') },
    { ...ref('pods', '', 'eviction') },
    { verb: 'update', ...ref('deployments', 'apps', 'scale') },
    { verb: 'update', ...ref('deployments', 'apps', 'status') },
    { ...ref('configmaps') },
  ]) {
    assert.equal(found({ requestObject, ...fields }), undefined, JSON.stringify(fields));
  }
});

test('a server-side apply that makes a pod is a creation', () => {
  const requestObject = { kind: 'Pod', apiVersion: 'v1', spec: SPEC };
  const apply = { verb: 'patch', requestObject };
  const created = { responseObject: requestObject, responseStatus: { code: 201 } };
  assert.deepEqual(found({ ...apply, ...created }), SPEC);
  assert.deepEqual(found({ ...apply, responseStatus: { code: 403 } }, 'denied'), ['fragment', SPEC]);
  const merge = { verb: 'patch', requestObject: { spec: SPEC }, responseStatus: { code: 403 } };
  assert.equal(found(merge, 'denied'), undefined, 'a merge patch creates nothing');
});

test('what stands before the first slash of a JSON pointer hides nothing', () => {
  const operation = { op: 'add', path: 'x/spec/template/spec/hostPID', value: true };
  const patch = { ...ref('deployments', 'apps'), verb: 'patch', requestObject: [operation] };
  assert.deepEqual(found({ ...patch, responseStatus: { code: 403 } }, 'denied'), [
    'fragment',
    { hostPID: true },
  ]);
  const stored = { kind: 'Deployment', apiVersion: 'apps/v1', spec: { template: { spec: SPEC } } };
  assert.deepEqual(found({ ...patch, responseObject: stored, responseStatus: { code: 200 } }), SPEC);
});

test('a debug container is judged, not the containers that the pod had', () => {
  const debug = [{ name: 'd' }];
  const pod = { kind: 'Pod', spec: { ...SPEC, hostPID: true, ephemeralContainers: debug } };
  const fields = { ...ref('pods', '', 'ephemeralcontainers'), verb: 'patch', responseObject: pod };
  const patch = { spec: { ephemeralContainers: debug } };
  assert.deepEqual(found({ ...fields, requestObject: patch }), { hostPID: true, ephemeralContainers: debug });
  assert.deepEqual(found({ ...fields, responseObject: null, requestObject: patch }, 'denied'), [
    'fragment',
    { ephemeralContainers: debug },
  ]);
});

test('an update that left the template as it was writes nothing', () => {
  const deployment = (fields: object) => ({
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    spec: { template: { spec: SPEC } },
    ...fields,
  });
  const update = (responseObject: object, requestObject: unknown = deployment({}), verb = 'update') =>
    found({
      ...ref('deployments', 'apps'),
      verb,
      requestObject,
      responseObject,
      responseStatus: { code: 200 },
    }) !== undefined;
  const times = (...list: string[]) => ({ metadata: { managedFields: list.map((time) => ({ time })) } });
  assert.ok(update(deployment({})), 'nothing says that it is unchanged');
  assert.ok(update(deployment(times('2026-11-22T13:00:00Z'))));
  assert.ok(!update(deployment(times('2026-11-22T12:59:59Z'))));
  assert.ok(!update(deployment({ metadata: { generation: 3 }, status: { observedGeneration: 3 } })));
  assert.ok(update(deployment({ metadata: { generation: 4 }, status: { observedGeneration: 3 } })));
  assert.ok(!update(deployment({}), { spec: { replicas: 3 } }, 'patch'));
  assert.ok(update(deployment({}), { spec: { template: {} } }, 'patch'));
  assert.ok(!update(deployment({}), [{ op: 'replace', path: '/spec/replicas', value: 1 }], 'patch'));
  assert.ok(
    update(deployment({}), [{ op: 'add', path: '/spec/template/spec/hostPID', value: true }], 'patch'),
  );
  assert.ok(update(deployment({}), [{ op: 'replace', path: '', value: {} }], 'patch'));
});

test('a refused JSON patch shows what it asked for', () => {
  const patch = (...operations: unknown[]) =>
    found({ ...ref('deployments', 'apps'), verb: 'patch', requestObject: operations }, 'denied');
  const path = '/spec/template/spec';
  assert.deepEqual(
    patch(
      { op: 'add', path: `${path}/hostPID`, value: true },
      { op: 'replace', path: `${path}/containers/0/securityContext/privileged`, value: true },
      { op: 'add', path: `${path}/volumes/-`, value: { hostPath: { path: '/' } } },
      { op: 'remove', path: `${path}/hostNetwork` },
    ),
    [
      'fragment',
      {
        hostPID: true,
        containers: [{ securityContext: { privileged: true } }],
        volumes: [{ hostPath: { path: '/' } }],
      },
    ],
  );
  for (const key of ['__proto__', 'constructor', '-5', '0.5', '1e1', '9999999', '']) {
    patch(
      { op: 'add', path: `${path}/containers/${key}/x`, value: 1 },
      { op: 'add', path: `/${key}/x/y`, value: 1 },
    );
    assert.equal(({} as Record<string, unknown>).x, undefined);
  }
  const value = { containers: [] };
  const request = decoded(
    recordOf(
      eventWith({
        ...ref('deployments', 'apps'),
        verb: 'patch',
        requestObject: [
          { op: 'add', path, value },
          { op: 'add', path: `${path}/hostIPC`, value: true },
        ],
      }),
    ),
  );
  writtenPod(request, 'denied');
  assert.deepEqual(
    (request.requestObject as [{ value: object }])[0].value,
    value,
    'the event stays as it was',
  );
});

test('a patch without an answer is put on top of what was there', () => {
  const template = (spec: object) => ({ spec: { template: { spec } } });
  const before = template({ hostPID: true, containers: [{ name: 'c', image: 'a' }, { name: 'd' }] });
  const patched = (requestObject: unknown) => {
    const fields = { ...ref('deployments', 'apps'), verb: 'patch', requestObject };
    const pod = writtenPod(decoded(recordOf(eventWith(fields))), 'admitted', before);
    return pod && [pod.complete, pod.spec];
  };
  const containers = [{ name: 'c', image: 'b' }, { name: 'd' }];
  const patches = [
    template({ containers: [{ name: 'c', image: 'b' }] }),
    [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'b' }],
    [
      { op: 'add', path: '/spec/template/spec/containers/-', value: { name: 'e', image: 'b' } },
      {
        op: 'copy',
        from: '/spec/template/spec/containers/2/image',
        path: '/spec/template/spec/containers/0/image',
      },
      { op: 'remove', path: '/spec/template/spec/containers/2' },
    ],
  ];
  for (const patch of patches) assert.deepEqual(patched(patch), [true, { hostPID: true, containers }]);
  assert.equal(patched({ spec: { replicas: 3 } }), undefined, 'the template is not spoken of');
});

test('a review of an update that leaves the pod template alone writes nothing', () => {
  const deployment = (spec: object, replicas: number) => ({
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    spec: { replicas, template: { spec } },
  });
  const review = (object: object, oldObject: object | null) =>
    writtenPod(
      decoded(
        reviewRecord({
          uid: 'u',
          operation: 'UPDATE',
          resource: { resource: 'deployments', group: 'apps' },
          object,
          oldObject,
        }),
      ),
      'pending',
    )?.spec;
  assert.equal(review(deployment(SPEC, 3), deployment(SPEC, 1)), undefined);
  assert.deepEqual(review(deployment(SPEC, 1), deployment({}, 1)), SPEC);
  assert.deepEqual(review(deployment(SPEC, 1), null), SPEC);
});

test('a wrong type in the place of any field throws nothing', () => {
  const event = eventWith({
    ...ref('deployments', 'apps'),
    verb: 'patch',
    requestObject: [{ op: 'add', path: '/spec/template/spec/containers/0', value: { name: 'c' } }],
    responseObject: {
      kind: 'Deployment',
      metadata: { generation: 2, managedFields: [{ time: '2026-11-22T13:00:00Z', fieldsV1: {} }] },
      spec: { template: { metadata: {}, spec: SPEC } },
    },
  });
  for (const _ of wrongTypesIn(event)) {
    for (const outcome of ['admitted', 'denied'] as const) {
      try {
        writtenPod(decoded(recordOf(event)), outcome);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'ITEM_NOT_AN_EVENT', String(error));
      }
    }
  }
});
