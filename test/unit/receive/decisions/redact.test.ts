import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../support.ts';
import { fixture, opaEntry, posted } from './support.ts';

const SECRET = 'aHVudGVyMg==';

const secrets = { uid: 'u', namespace: 'web', name: 's', resource: { version: 'v1', resource: 'secrets' } };
const object = { kind: 'Secret', metadata: { name: 's' }, data: { password: SECRET } };

test('credentials in what OPA was asked and answered are cut out; its numbers stay as they were written', () => {
  const entry = opaEntry(
    { ...secrets, object, oldObject: { ...object, stringData: { password: SECRET } } },
    {
      result: { response: { allowed: true, patch: SECRET }, copy: object },
      mapped_result: { object },
      metrics: { timer: 'DIGITS' },
    },
  );
  const body = JSON.stringify([entry]).replace('"DIGITS"', '1.0e3');
  const { records, rejected } = posted('opa', body);
  assert.deepEqual(rejected, []);
  const [record] = records;
  const text = record!.bytes.toString();
  assert.ok(!text.includes(SECRET), text);
  assert.ok(text.includes('"timer":1.0e3'));
  assert.deepEqual(JSON.parse(text).input.request.object.data, { password: '[redacted]' });
  assert.ok(record!.redacted.includes('input.request.object.data'));
  assert.ok(record!.redacted.includes('input.request.oldObject.stringData'));
  assert.ok(record!.redacted.includes('result.response.patch'));
});

test('the identity is that of the bytes received', () => {
  const [clean] = posted('opa', [opaEntry(secrets)]).records;
  const [cut] = posted('opa', [opaEntry({ ...secrets, object })]).records;
  const [other] = posted('opa', [
    opaEntry({ ...secrets, object: { ...object, data: { password: 'eA==' } } }),
  ]).records;
  assert.equal(new Set([clean!.id, cut!.id, other!.id]).size, 3);
  assert.deepEqual(cut!.bytes, other!.bytes);
});

test('Secrets that are named nowhere but by their kind, and tokens', () => {
  const pods = { ...secrets, resource: { resource: 'widgets' } };
  const list = { kind: 'List', items: [object] };
  for (const request of [
    { ...pods, object: list },
    { ...pods, oldObject: list },
    {
      ...secrets,
      resource: { resource: 'serviceaccounts' },
      subResource: 'token',
      object: { status: { token: SECRET } },
    },
  ]) {
    const [record] = posted('opa', [opaEntry(request)]).records;
    assert.ok(!record!.bytes.includes(SECRET));
    assert.notDeepEqual(record!.redacted, []);
  }
});

test("what OPA's policies asked of others goes, with the credentials that they showed", () => {
  const entry = opaEntry(
    { uid: 'u', resource: { resource: 'pods' } },
    {
      nd_builtin_cache: { 'http.send': { [`[{"headers":{"Authorization":"Bearer ${SECRET}"}}]`]: {} } },
      request_context: { http: { headers: { authorization: [SECRET] } } },
    },
  );
  const [record] = posted('opa', [entry]).records;
  assert.ok(!record!.bytes.includes(SECRET));
  assert.deepEqual(record!.redacted, ['nd_builtin_cache', 'request_context']);
  assert.equal(JSON.parse(record!.bytes.toString()).input.request.uid, 'u');
});

test('details of Gatekeeper and patches of Kubewarden are cut out where they are about a Secret', () => {
  const [, line] = fixture('gatekeeper.log.ndjson').toString().split('\n');
  const about = (kind: string) => ({ ...JSON.parse(line!), details: { value: SECRET }, resource_kind: kind });
  assert.ok(posted('gatekeeper', about('Pod')).records[0]!.bytes.includes(SECRET));
  const [cut] = posted('gatekeeper', about('Secret')).records;
  assert.ok(!cut!.bytes.includes(SECRET));
  assert.deepEqual(cut!.redacted, ['details']);

  const monitored = fixture('kubewarden.log.ndjson').toString();
  const patched = monitored
    .replace('patch: None', `patch: Some(\\"${SECRET}\\")`)
    .replaceAll('"resource":"pods"', '"resource":"secrets"');
  const { records } = posted('kubewarden', patched);
  assert.equal(records.length, 1);
  assert.ok(!records[0]!.bytes.includes(SECRET));
  assert.ok(records[0]!.bytes.includes('Privileged container is not allowed'));
});

test('a document that cannot be read is kept up to the first place for a credential', () => {
  const deep = `${'['.repeat(60)}${']'.repeat(60)}`;
  const entry = JSON.stringify(opaEntry({ ...secrets, object, x: 'DEEP' })).replace('"DEEP"', deep);
  const cached = JSON.stringify(
    opaEntry({ uid: 'u', resource: { resource: 'pods' } }, { x: 'DEEP', nd_builtin_cache: { a: SECRET } }),
  ).replace('"DEEP"', deep);
  const line = JSON.stringify({
    constraint_name: 'c',
    x: 'DEEP',
    details: { value: SECRET },
    resource_kind: 'Secret',
  });
  const cases = [
    posted('opa', `[${entry}]`),
    posted('opa', `[${cached}]`),
    posted('gatekeeper', line.replace('"DEEP"', deep)),
  ];
  for (const { records, rejected } of cases) {
    assert.deepEqual(records, []);
    assert.equal(rejected[0]!.code, 'ITEM_TOO_DEEP');
    assert.ok(rejected[0]!.bytes.length > 10 && !rejected[0]!.bytes.includes(SECRET));
  }
});

test('nested as deep as the configuration allows, credentials are cut out or the document is rejected', () => {
  const nested = `${'['.repeat(9_000)}${']'.repeat(9_000)}`;
  const body = JSON.stringify([opaEntry({ ...secrets, object, x: 'DEEP' })]).replace('"DEEP"', nested);
  const { records, rejected } = posted('opa', body, { ...LIMITS, json_depth_max: 10_000 });
  assert.equal(records.length + rejected.length, 1);
  for (const { bytes } of [...records, ...rejected]) assert.ok(!bytes.includes(SECRET));
});
