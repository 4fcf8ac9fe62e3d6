import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compileExists,
  compilePath,
  type EventFields,
  PATH_SEGMENTS_MAX,
  plainEvent,
  VISITS_PER_PATH_MAX,
  valuesAt,
} from '../../../../src/detect/sigma/event.ts';
import { refusal, selecting } from './support.ts';

const json = (text: string) => plainEvent(JSON.parse(text));

test('a path walks through objects, arrays and keys with dots', () => {
  const event = plainEvent({
    sourceIPs: ['a', 'b'],
    annotations: { 'authorization.k8s.io/decision': 'allow', 'a.b': 1, a: { b: 2, 'b.c': 3 } },
    requestObject: {
      metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } },
      spec: { containers: [{ ports: [{ p: 1 }, { p: 2 }] }, { ports: [{ p: 3 }] }, {}] },
      matrix: [[1, [2]], 3],
      empty: [],
    },
  });
  const table: readonly [path: string, values: unknown[]][] = [
    ['sourceIPs', ['a', 'b']],
    ['sourceIPs.1', ['b']],
    ['sourceIPs.2', []],
    ['sourceIPs.01', []],
    ['sourceIPs.length', []],
    ['annotations.authorization.k8s.io/decision', ['allow']],
    ['annotations.a.b', [2, 1]],
    ['annotations.a.b.c', [3]],
    ['requestObject.metadata.labels.pod-security.kubernetes.io/enforce', ['baseline']],
    ['requestObject.spec.containers.ports.p', [1, 2, 3]],
    ['requestObject.spec.containers.1.ports.0.p', [3]],
    ['requestObject.spec.containers.ports.0.p', [1, 3]],
    ['requestObject.spec.containers[1].ports[0].p', [3]],
    ['sourceIPs[1]', ['b']],
    ['sourceIPs[01]', []],
    ['sourceIPs[]', []],
    ['requestObject.matrix[0][1]', [2]],
    ['requestObject.matrix', [1, 2, 3]],
    ['requestObject.matrix.0.1', [2]],
    ['requestObject.empty', []],
    ['requestObject.nothing', []],
    ['nothing', []],
    ['sourceIPs..a', []],
  ];
  for (const [path, values] of table) assert.deepEqual(valuesAt(event, path), values, path);
  assert.equal(compileExists('requestObject.empty')(event), true);
  assert.equal(compileExists('requestObject.nothing')(event), false);
});

test('the prototype is never read', () => {
  const event = json('{"requestObject": {"a": 1}, "list": ["x"]}');
  for (const path of [
    'requestObject.__proto__',
    'requestObject.constructor.name',
    'requestObject.toString',
    'list.length',
    'list.map',
    '__proto__',
    'constructor',
    'hasOwnProperty',
  ]) {
    assert.deepEqual(valuesAt(event, path), [], path);
    assert.equal(compileExists(path)(event), false, path);
  }
  // A key of that name in the bytes is a key like any other.
  const named = json('{"requestObject": {"__proto__": {"polluted": "yes"}}}');
  assert.deepEqual(valuesAt(named, 'requestObject.__proto__.polluted'), ['yes']);
  assert.equal(selecting({ 'requestObject.__proto__.polluted': 'yes' }).matches(named), true);
});

test('nesting as deep as a sender likes is walked without recursion', () => {
  const depth = 50_000;
  const event = json(`{"requestObject": ${'['.repeat(depth)}{"a": "x"}${']'.repeat(depth)}}`);
  assert.deepEqual(valuesAt(event, 'requestObject.a'), ['x']);
  assert.deepEqual(valuesAt(event, 'requestObject.0.0.0.0.0.a'), ['x']);
  const objects = json(`{"requestObject": ${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`);
  assert.equal(valuesAt(objects, 'requestObject.a.a.a').length, 1);
  assert.equal([...objects.keywords()].filter((text) => text === '1').length, 1);
});

test('a path that meets too many values is given up and says so', () => {
  const told: string[] = [];
  const event: EventFields = {
    ...plainEvent({
      requestObject: { items: Array.from({ length: 3 * VISITS_PER_PATH_MAX }, (_, a) => ({ a })) },
    }),
    limitReached: (path) => told.push(path),
  };
  const values = compilePath('requestObject.items.a')(event);
  assert.deepEqual(told, ['requestObject.items.a']);
  assert.ok(values.length > 0 && values.length < VISITS_PER_PATH_MAX);
  assert.equal(values[1], 1);
});

test('every way of joining keys is tried without an explosion', () => {
  // Each object has each way on; the number of ways doubles with every level.
  let inner: unknown = 'x';
  for (let level = 0; level < 16; level++) inner = { a: inner, 'a.a': inner };
  const event = plainEvent({ requestObject: inner });
  const path = `requestObject${'.a'.repeat(20)}`;
  assert.ok(valuesAt(event, path).length > 0);
});

test('a path has a limited number of segments', () => {
  const path = Array.from({ length: PATH_SEGMENTS_MAX + 1 }, () => 'a').join('.');
  assert.throws(() => compilePath(path), RangeError);
  assert.throws(() => compilePath(''), RangeError);
  assert.match(refusal({ 'verb|fieldref': path }), /expects the path of a field/);
  assert.match(refusal({ [path]: 'x' }), /at most 64 segments/);
});

test('two long lists of texts are held against one another as far as a limit, which is told', () => {
  const names = (letter: string) => Array.from({ length: 20_000 }, (_, index) => `${letter}${index}`);
  const told: string[] = [];
  const event: EventFields = {
    ...plainEvent({ user: { groups: names('a') }, requestObject: { names: names('b') } }),
    limitReached: (path) => told.push(path),
  };
  assert.equal(selecting({ 'user.groups|fieldref|contains': 'requestObject.names' }).matches(event), false);
  assert.deepEqual([...new Set(told)], ['requestObject.names']);
  assert.equal(selecting({ 'user.groups|fieldref': 'requestObject.names' }).matches(event), false);
});

test('texts of a megabyte are compared, searched and matched', () => {
  const long = 'a'.repeat(1_000_000);
  const event = plainEvent({ userAgent: `${long}needle${long}` });
  assert.equal(selecting({ 'userAgent|contains': 'NEEDLE' }).matches(event), true);
  assert.equal(selecting({ userAgent: '*nee?le*' }).matches(event), true);
  assert.equal(selecting({ 'userAgent|re': 'ne+dle' }).matches(event), true);
  assert.equal(selecting(['needle']).matches(event), true);
  assert.equal(selecting({ userAgent: long }).matches(event), false);
  assert.equal(
    selecting({ 'sourceIPs|cidr': '0.0.0.0/0' }).matches(plainEvent({ sourceIPs: [long] })),
    false,
  );
  assert.equal(selecting({ 'stageTimestamp|hour': 1 }).matches(plainEvent({ stageTimestamp: long })), false);
});

test('fields of a wrong type match nothing and break nothing', () => {
  const selections = [
    { verb: 'create' },
    { 'verb|contains': 'c' },
    { 'verb|re': 'c' },
    { 'verb|cidr': '10.0.0.0/8' },
    { 'verb|gt': 1 },
    { 'verb|hour': 1 },
    { 'verb|fieldref': 'stage' },
    { 'objectRef.resource': 'pods' },
  ];
  for (const value of [undefined, null, {}, [], [[]], [{}], { toString: 'x' }]) {
    const event = plainEvent({ verb: value, stage: value, objectRef: value });
    for (const selection of selections) {
      assert.equal(selecting(selection).matches(event), false, JSON.stringify([selection, value]));
    }
  }
});
