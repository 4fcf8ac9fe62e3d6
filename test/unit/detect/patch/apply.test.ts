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

test('what is copied or moved to an element of a list is put before it', () => {
  const [first, second] = POD.spec.containers;
  const from = '/spec/containers/1';
  assert.deepEqual(json({ op: 'copy', from, path: '/spec/containers/0' }).spec.containers, [
    second,
    first,
    second,
  ]);
  assert.deepEqual(json({ op: 'move', from, path: '/spec/containers/0' }).spec.containers, [second, first]);
});

test('neither a great many operations nor a great many elements hide the one behind them', () => {
  const harmless = Array.from({ length: 9_999 }, () => ({
    op: 'add',
    path: '/spec/containers/-',
    value: {},
  }));
  const bad = { name: 'bad' };
  const { containers } = json(...harmless, { op: 'add', path: '/spec/containers/-', value: bad }).spec;
  assert.deepEqual(containers.at(-1), bad);
});

test('an element of a list that is not known is put where it is, however far, but not beyond what the API server takes', () => {
  const list = (index: number) =>
    (applyPatch({}, [{ op: 'add', path: `/list/${index}/x`, value: 1 }]) as { list: unknown[] }).list;
  assert.deepEqual(list(500)[500], { x: 1 });
  assert.deepEqual(list(9_000_000), []);
});

test('a patch that copies a copy again and again is carried out as far as the API server does', () => {
  const copies = Array.from({ length: 10_000 }, () => ({ op: 'copy', from: '/spec', path: '/spec/more' }));
  assert.ok(JSON.stringify(json(...copies)).length < 10 * 1024 * 1024);
  const allowed = json(...copies.slice(0, 10), { op: 'add', path: '/spec/hostPID', value: true });
  assert.equal((allowed.spec as { hostPID?: true }).hostPID, true);
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

test('fields that are called as what every object has are fields like others', () => {
  const patch = { constructor: [{ a: null }], toString: { valueOf: 1 } };
  assert.deepEqual(applyPatch({}, patch), patch);
});

test('of the elements with one name a patch changes the first', () => {
  const ports = [
    { port: 53, protocol: 'UDP' },
    { port: 53, protocol: 'TCP' },
  ];
  assert.deepEqual(applyPatch({ ports }, { ports: [{ port: 53, nodePort: 30053 }] }), {
    ports: [{ ...ports[0], nodePort: 30053 }, ports[1]],
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
