import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewatchError } from '../../../src/errors.ts';
import { parseAdmissionReview } from '../../../src/receive/admission-review.ts';
import { recordId } from '../../../src/record/record.ts';
import { LIMITS, ORIGIN } from './support.ts';

function review(request: unknown): string {
  return JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request });
}

function parse(body: string | Buffer) {
  return parseAdmissionReview(Buffer.from(body), ORIGIN, LIMITS);
}

function code(body: string | Buffer): string {
  try {
    parse(body);
  } catch (error) {
    if (error instanceof GatewatchError) return error.code;
    throw error;
  }
  return 'none';
}

test('a review is one record, its bytes as received', () => {
  const body = ` ${review({ uid: 'u-1', namespace: 'web', resource: { resource: 'pods' }, object: { n: 1 } })}\n`;
  const { uid, records, rejected } = parse(body);
  assert.equal(uid, 'u-1');
  assert.deepEqual(rejected, []);
  assert.equal(records[0]!.bytes.toString(), body);
  assert.equal(records[0]!.id, recordId('prod', Buffer.from(body)));
  assert.equal(records[0]!.key, 'prod/web');
  assert.equal(records[0]!.kind, 'admission.review');
});

test('a Namespace is its own namespace', () => {
  const namespaces = { resource: 'namespaces' };
  assert.equal(parse(review({ uid: 'u', name: 'web', resource: namespaces })).records[0]!.key, 'prod/web');
  assert.equal(
    parse(review({ uid: 'u', namespace: 'web', resource: namespaces })).records[0]!.key,
    'prod/web',
  );
  assert.equal(parse(review({ uid: 'u', namespace: 7, resource: null })).records[0]!.key, 'prod/');
});

test('a review that breaks a limit is answered all the same, and is a dead letter', () => {
  const deep = `${'['.repeat(60)}${']'.repeat(60)}`;
  const veryDeep = `${'['.repeat(40_000)}${']'.repeat(40_000)}`;
  const cases: [string, string | Buffer][] = [
    ['ITEM_TOO_DEEP', review({ uid: 'u', object: 'X' }).replace('"X"', deep)],
    ['ITEM_TOO_DEEP', review({ uid: 'u', object: 'X' }).replace('"X"', veryDeep)],
    ['ITEM_TOO_LARGE', review({ uid: 'u', object: 'x'.repeat(LIMITS.item_bytes_max) })],
    ['ITEM_NOT_UTF8', Buffer.from(review({ uid: 'u', object: 'é' }), 'latin1')],
  ];
  for (const [expected, body] of cases) {
    const { uid, records, rejected } = parse(body);
    assert.equal(uid, 'u');
    assert.deepEqual(records, []);
    assert.deepEqual(
      rejected.map((rejection) => rejection.code),
      [expected],
    );
    assert.ok(rejected[0]!.bytes.length <= LIMITS.item_bytes_max);
  }
});

test('credentials in a limit as high as the configuration allows are cut out or the review is rejected', () => {
  const secret = `{"kind":"Secret","data":{"a":"c2VjcmV0"},"x":${'['.repeat(9_000)}${']'.repeat(9_000)}}`;
  const body = review({ uid: 'u', resource: { resource: 'secrets' }, object: 'X' }).replace('"X"', secret);
  const { uid, records, rejected } = parseAdmissionReview(Buffer.from(body), ORIGIN, {
    ...LIMITS,
    json_depth_max: 10_000,
  });
  assert.equal(uid, 'u');
  for (const { bytes } of [...records, ...rejected]) assert.ok(!bytes.includes('c2VjcmV0'));
});

test('what is no review is refused', () => {
  for (const body of ['', 'x', '{', `${review({ uid: 'u' })}}`, '{"a":tru}', '[1,]']) {
    assert.equal(code(body), 'BODY_NOT_JSON', body);
  }
  for (const body of [
    'null',
    '7',
    '[]',
    '{}',
    review(null),
    review({}),
    review({ uid: 7 }),
    review([]),
    review({ uid: 'u' }).replace('/v1', '/v1beta1'),
    review({ uid: 'u' }).replace('AdmissionReview', 'Review'),
    '{"__proto__":{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u"}}}',
  ]) {
    assert.equal(code(body), 'BODY_NOT_ADMISSION_REVIEW', body);
  }
});

test('an error does not quote the body', () => {
  try {
    parse('{"a":"c2VjcmV0", c2VjcmV0}');
    assert.fail();
  } catch (error) {
    assert.doesNotMatch((error as Error).message, /c2VjcmV0/);
  }
});
