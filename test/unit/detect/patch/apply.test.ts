import assert from 'node:assert/strict';
import test from 'node:test';
import { applyPatch } from '../../../../src/detect/patch/apply.ts';

const POD = {
  metadata: { labels: { a: '1', b: '2' } },
  spec: {
    containers: [
      { name: 'c', image: 'one', ports: [{ containerPort: 80 }] },
      { name: 'd', image: 'two' },
    ],
    tolerations: [{ key: 'x' }],
  },
};

const json = (...operations: object[]) => applyPatch(POD, operations) as typeof POD;

test('operations of a JSON patch', () => {
  const path = '/spec/containers/0/image';
  assert.equal(json({ op: 'replace', path, value: 'new' }).spec.containers[0]?.image, 'new');
  assert.deepEqual(json({ op: 'remove', path: '/spec/containers/0' }).spec.containers, [
    POD.spec.containers[1],
  ]);
  assert.deepEqual(json({ op: 'remove', path: '/metadata/labels/a' }).metadata.labels, { b: '2' });
  const inserted = json({ op: 'add', path: '/spec/containers/0', value: { name: 'first' } });
  assert.deepEqual(
    inserted.spec.containers.map(({ name }) => name),
    ['first', 'c', 'd'],
  );
  const appended = json({ op: 'add', path: '/spec/containers/-', value: { name: 'last' } });
  assert.equal(appended.spec.containers[2]?.name, 'last');
  assert.equal(json({ op: 'copy', from: path, path: '/metadata/labels/a' }).metadata.labels.a, 'one');
  assert.deepEqual(
    json({ op: 'move', from: '/metadata/labels/a', path: '/metadata/labels/z' }).metadata.labels,
    {
      b: '2',
      z: '1',
    },
  );
  assert.deepEqual(json({ op: 'test', path, value: 'other' }), POD, 'a test changes nothing');
});

test('an operation that cannot be carried out is passed over, and the object stays as it was', () => {
  const before = structuredClone(POD);
  assert.deepEqual(
    json(
      { op: 'remove', path: '/spec/containers/7' },
      { op: 'add', path: '/spec/containers/x', value: 1 },
      { op: 'replace', path: '/__proto__/polluted', value: true },
      { op: 'add', path: 7, value: true },
    ),
    before,
  );
  json({ op: 'replace', path: '/spec/containers/0/image', value: 'new' });
  assert.deepEqual(POD, before);
  assert.equal(({} as { polluted?: true }).polluted, undefined);
});

test('a patch that is an object merges elements with a name and replaces other lists', () => {
  const patched = applyPatch(POD, {
    metadata: { labels: { a: null, c: '3' } },
    spec: {
      containers: [{ name: 'd', image: 'new' }, { name: 'e' }],
      tolerations: [{ key: 'y' }],
      hostPID: true,
    },
  });
  assert.deepEqual(patched, {
    metadata: { labels: { b: '2', c: '3' } },
    spec: {
      containers: [POD.spec.containers[0], { name: 'd', image: 'new' }, { name: 'e' }],
      tolerations: [{ key: 'y' }],
      hostPID: true,
    },
  });
});

test('directives of a strategic merge patch', () => {
  const containers = (list: object[]) =>
    (applyPatch(POD, { spec: { containers: list } }) as typeof POD).spec.containers;
  assert.deepEqual(containers([{ name: 'c', $patch: 'delete' }]), [POD.spec.containers[1]]);
  assert.deepEqual(containers([{ $patch: 'replace' }, { name: 'z' }]), [{ name: 'z' }]);
  const labels = applyPatch(POD, { metadata: { labels: { $patch: 'replace', z: '9' } } }) as typeof POD;
  assert.deepEqual(labels.metadata.labels, { z: '9' });
  const finalizers = { metadata: { finalizers: ['x', 'y'] } };
  assert.deepEqual(applyPatch(finalizers, { metadata: { '$deleteFromPrimitiveList/finalizers': ['x'] } }), {
    metadata: { finalizers: ['y'] },
  });
});

test('on nothing a patch makes the fragment that it speaks of', () => {
  assert.deepEqual(applyPatch(undefined, [{ op: 'add', path: '/spec/hostPID', value: true }]), {
    spec: { hostPID: true },
  });
  assert.deepEqual(applyPatch(undefined, { spec: { hostPID: true, x: null } }), { spec: { hostPID: true } });
});
