import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAdmissionReview } from '../../../src/receive/admission-review.ts';
import { parseEvent, parseEventList } from '../../../src/receive/audit-events.ts';
import { parseDocument } from '../../../src/receive/files/parse.ts';
import { type ReceivedRecord, recordId } from '../../../src/record/record.ts';
import { event, eventList, LIMITS, ORIGIN } from './support.ts';

const SECRET = 'c2VjcmV0LXZhbHVl';
const SECRETS_REF = { resource: 'secrets', namespace: 'web', name: 's', apiVersion: 'v1' };
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const secret = {
  kind: 'Secret',
  apiVersion: 'v1',
  metadata: { name: 's' },
  type: 'Opaque',
  data: { password: SECRET },
};
const redactedSecret = { ...secret, data: { password: '[redacted]' } };

/** The record of an event, after a look that no byte of the credential is left in it. */
function redacted(fields: Record<string, unknown>): ReceivedRecord & { event: Record<string, unknown> } {
  const original = event(fields);
  assert.ok(original.includes(SECRET), 'the test has a credential to cut out');
  const { records, rejected } = parseEventList(eventList(original), ORIGIN, LIMITS);
  assert.deepEqual(rejected, []);
  const record = records[0]!;
  assert.ok(!JSON.stringify([record, record.bytes.toString()]).includes(SECRET), record.bytes.toString());
  assert.equal(
    record.id,
    recordId(ORIGIN.cluster, Buffer.from(original)),
    'the identity of the original bytes',
  );
  assert.notDeepEqual(record.redacted, []);
  assert.deepEqual(record.bodies, []);
  return { ...record, event: JSON.parse(record.bytes.toString()) };
}

/** What an event is after redaction, if only its bodies may change. */
function expected(fields: Record<string, unknown>): unknown {
  return JSON.parse(event(fields));
}

test('a Secret loses its values and keeps its names, in request and response', () => {
  const fields = { objectRef: SECRETS_REF, requestObject: secret, responseObject: secret };
  const after = redacted(fields);
  assert.deepEqual(
    after.event,
    expected({ ...fields, requestObject: redactedSecret, responseObject: redactedSecret }),
  );
  assert.deepEqual(after.redacted, ['requestObject.data', 'responseObject.data']);
});

test('stringData, immutable Secrets and values of any type', () => {
  const { event: after } = redacted({
    objectRef: SECRETS_REF,
    requestObject: { kind: 'Secret', stringData: { a: SECRET, b: [SECRET], c: { d: SECRET }, e: null } },
    responseObject: { kind: 'Secret', data: SECRET },
  });
  assert.deepEqual(after.requestObject, {
    kind: 'Secret',
    stringData: { a: '[redacted]', b: '[redacted]', c: '[redacted]', e: null },
  });
  assert.deepEqual(after.responseObject, { kind: 'Secret', data: '[redacted]' });
});

test('merge and strategic patches of a Secret, which do not say what they patch', () => {
  const { event: after } = redacted({
    verb: 'patch',
    objectRef: SECRETS_REF,
    requestObject: { data: { password: SECRET, old: null }, metadata: { labels: { a: 'b' } } },
  });
  assert.deepEqual(after.requestObject, {
    data: { password: '[redacted]', old: null },
    metadata: { labels: { a: 'b' } },
  });
});

test('JSON patches of a Secret, of one value, of all and of the whole object', () => {
  const { event: after } = redacted({
    verb: 'patch',
    objectRef: SECRETS_REF,
    requestObject: [
      { op: 'replace', path: '/data/password', value: SECRET },
      { op: 'add', path: '/stringData', value: { a: SECRET } },
      { op: 'replace', path: '', value: secret },
      { op: 'add', path: '/metadata/annotations', value: { [LAST_APPLIED]: SECRET } },
      { op: 'test', path: '/data/password', value: SECRET },
      { path: '/data/password', value: SECRET },
      { op: 7, value: SECRET, path: '/data' },
      { op: 'add', path: '/metadata/labels/team', value: 'blue' },
      { op: 'remove', path: '/data/old' },
      { op: 'move', from: '/data/a', path: '/data/b' },
    ],
  });
  const values = (after.requestObject as { value?: unknown }[]).map(({ value }) => value);
  assert.deepEqual(values, [...Array(7).fill('[redacted]'), 'blue', undefined, undefined]);
});

test('server-side apply, with the fields that it owns left to see', () => {
  const managed = { managedFields: [{ manager: 'kubectl', fieldsV1: { 'f:data': { 'f:password': {} } } }] };
  const fields = {
    verb: 'patch',
    objectRef: SECRETS_REF,
    requestObject: { ...secret, metadata: managed },
    responseObject: { ...secret, metadata: managed },
  };
  const { event: after } = redacted(fields);
  assert.deepEqual((after.responseObject as { metadata: unknown }).metadata, managed);
});

test('lists and reads of Secrets', () => {
  const items = [{ metadata: { name: 'a' }, data: { x: SECRET } }, { ...secret }];
  const { event: after } = redacted({
    verb: 'list',
    objectRef: { resource: 'secrets', namespace: 'web' },
    responseObject: { kind: 'SecretList', apiVersion: 'v1', items },
  });
  assert.deepEqual(after.responseObject, {
    kind: 'SecretList',
    apiVersion: 'v1',
    items: [{ metadata: { name: 'a' }, data: { x: '[redacted]' } }, redactedSecret],
  });
  redacted({ verb: 'get', objectRef: SECRETS_REF, responseObject: secret });
});

test('last-applied annotations that hold a Secret, also on something else', () => {
  const metadata = { annotations: { [LAST_APPLIED]: JSON.stringify(secret), other: 'stays' } };
  const { event: after } = redacted({ objectRef: SECRETS_REF, responseObject: { kind: 'Secret', metadata } });
  assert.deepEqual(after.responseObject, {
    kind: 'Secret',
    metadata: { annotations: { [LAST_APPLIED]: '[redacted]', other: 'stays' } },
  });
  redacted({ objectRef: { resource: 'configmaps' }, requestObject: { kind: 'ConfigMap', metadata } });
});

test('tokens of TokenRequest and TokenReview', () => {
  const { event: after } = redacted({
    objectRef: { resource: 'serviceaccounts', subresource: 'token', namespace: 'web', name: 'sa' },
    requestObject: {
      kind: 'TokenRequest',
      spec: { audiences: ['a'] },
      status: { token: '', expirationTimestamp: null },
    },
    responseObject: {
      kind: 'TokenRequest',
      status: { token: SECRET, expirationTimestamp: '2026-01-01T00:00:00Z' },
    },
  });
  assert.deepEqual(after.responseObject, {
    kind: 'TokenRequest',
    status: { token: '[redacted]', expirationTimestamp: '2026-01-01T00:00:00Z' },
  });
  assert.deepEqual((after.requestObject as { status: unknown }).status, {
    token: '',
    expirationTimestamp: null,
  });
  redacted({
    objectRef: { resource: 'tokenreviews' },
    requestObject: { kind: 'TokenReview', spec: { token: SECRET } },
  });
});

test('what a mutating webhook patched into a Secret, which stands in annotations', () => {
  const key = 'patch.webhook.admission.k8s.io/round_0_index_0';
  const { event: after } = redacted({
    objectRef: SECRETS_REF,
    annotations: { [key]: `{"patch":[{"value":"${SECRET}"}]}`, 'authorization.k8s.io/decision': 'allow' },
  });
  assert.deepEqual(after.annotations, { [key]: '[redacted]', 'authorization.k8s.io/decision': 'allow' });
});

test('objects of a review, new and old', () => {
  const review = (request: object): Buffer =>
    Buffer.from(JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request }));
  const body = review({
    uid: 'u',
    resource: { group: '', resource: 'secrets' },
    object: secret,
    oldObject: secret,
  });
  const { records, uid } = parseAdmissionReview(body, ORIGIN, LIMITS);
  assert.equal(uid, 'u');
  assert.ok(!records[0]!.bytes.includes(SECRET));
  assert.equal(records[0]!.id, recordId(ORIGIN.cluster, body));
  assert.deepEqual(JSON.parse(records[0]!.bytes.toString()).request.oldObject, redactedSecret);
  assert.deepEqual(records[0]!.redacted, ['request.object.data', 'request.oldObject.data']);
});

test('an event without objectRef is looked into as well', () => {
  redacted({ objectRef: undefined, requestObject: secret });
});

test('nothing else is altered: not the order of fields, not the digits of numbers', () => {
  const item = `{"verb":"get","objectRef":{"resource":"secrets"},"n":[9007199254740993,1.0,-0,1E+2,0.1],"__proto__":{"a":1},"responseObject":{"kind":"Secret","data":{"a":"${SECRET}"},"metadata":{"generation":12345678901234567890}}}`;
  const { records } = parseEventList(eventList(item), ORIGIN, LIMITS);
  assert.equal(records[0]!.bytes.toString(), item.replace(SECRET, '[redacted]'));
});

test('what holds no credential keeps its bytes', () => {
  for (const fields of [
    { objectRef: SECRETS_REF, requestObject: { data: {} }, responseObject: { kind: 'Secret', data: null } },
    { objectRef: SECRETS_REF, verb: 'patch', requestObject: { data: { old: null } } },
    { objectRef: SECRETS_REF, verb: 'delete', responseObject: { kind: 'Status', details: { name: 's' } } },
    {
      objectRef: { resource: 'configmaps' },
      requestObject: { kind: 'ConfigMap', data: { a: 'Secret' }, stringData: 1 },
    },
    { requestObject: { kind: 'Pod', spec: { volumes: [{ secret: { secretName: 'x' } }] }, data: 'Secret' } },
  ]) {
    const item = event(fields);
    const { records } = parseEventList(eventList(item), ORIGIN, LIMITS);
    assert.equal(records[0]!.bytes.toString(), item);
    assert.deepEqual(records[0]!.redacted, []);
  }
});

test('any Secret anywhere in a body', () => {
  const around = fc.oneof(
    fc.constant((inner: object): unknown => inner),
    fc.constant((inner: object): unknown => ({ kind: 'List', items: [inner] })),
    fc.constant((inner: object): unknown => ({ spec: { template: inner }, kind: 'Anything' })),
    fc.constant((inner: object): unknown => [{ op: 'add', path: '/x', value: inner }]),
  );
  fc.assert(
    fc.property(around, fc.jsonValue(), fc.boolean(), (wrap, value, text) => {
      const data = { key: SECRET, other: value };
      const body = wrap(text ? { kind: 'Secret', stringData: data } : { data, kind: 'Secret' });
      redacted({ objectRef: { resource: 'things' }, requestObject: body });
    }),
  );
});

test('paths of what was cut are few, short and without spaces, whatever the keys', () => {
  const objects = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [`${index} b ${'k'.repeat(500)}`, secret]),
  );
  const { redacted: paths } = redacted({ requestObject: objects });
  assert.ok(paths.length <= 20);
  for (const path of paths) assert.match(path, /^[!-~]{1,200}$/);
});

test('what cannot be read keeps nothing that may be a credential', () => {
  const deep = JSON.stringify(secret).replace('"Opaque"', `${'['.repeat(60)}${']'.repeat(60)}`);
  const items: (string | Buffer)[] = [
    event({ objectRef: SECRETS_REF, requestObject: 'DEEP' }).replace('"DEEP"', deep),
    event({ objectRef: SECRETS_REF, requestObject: secret, x: 'x'.repeat(LIMITS.item_bytes_max) }),
    event({ objectRef: SECRETS_REF, requestObject: { data: { a: SECRET, b: 'BAD' } } }).replace(
      'BAD',
      '\x01',
    ),
    Buffer.from(
      event({ objectRef: SECRETS_REF, requestObject: { data: { a: SECRET, b: 'BAD' } } }).replace(
        'BAD',
        '\xff',
      ),
      'latin1',
    ),
    `[${JSON.stringify(secret)}]`,
  ];
  const { records, rejected } = parseEventList(eventList(...items), ORIGIN, LIMITS);
  assert.deepEqual(records, []);
  assert.deepEqual(
    rejected.map(({ code }) => code),
    ['ITEM_TOO_DEEP', 'ITEM_TOO_LARGE', 'ITEM_NOT_JSON', 'ITEM_NOT_UTF8', 'ITEM_NOT_OBJECT'],
  );
  const line = Buffer.from(event({ objectRef: SECRETS_REF, requestObject: secret }));
  rejected.push(...parseEvent(line.subarray(0, -4), ORIGIN, LIMITS, 'line').rejected);
  rejected.push(...parseDocument(eventList(line).subarray(0, -4), ORIGIN, LIMITS, 'line').rejected);
  rejected.push(...parseDocument(Buffer.from(`[${line},]`), ORIGIN, LIMITS, 'line').rejected);
  for (const { bytes, what } of rejected) {
    assert.ok(!bytes.includes(SECRET), bytes.toString());
    assert.ok(!what.includes(SECRET), what);
  }
  // What led up to it stays, so that the letter says whose it was.
  assert.match(rejected[0]!.bytes.toString(), /"username":"alice"/);
});
