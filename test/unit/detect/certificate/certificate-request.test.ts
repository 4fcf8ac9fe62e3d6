import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { certificateSubject } from '../../../../src/detect/certificate/certificate-request.ts';
import { decoded, eventWith, recordOf } from '../support.ts';

/** Made by `openssl req -new` with the subject /CN=mallory/O=interns/O=system:masters; the encoded groups span two lines of its PEM. */
const MASTERS =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlINU1JR2ZBZ0VBTUQweEVEQU9CZ05WQkFNTUIyMWhiR3h2' +
  'Y25reEVEQU9CZ05WQkFvTUIybHVkR1Z5Ym5NeApGekFWQmdOVkJBb01Ebk41YzNSbGJUcHRZWE4wWlhKek1Ga3dFd1lIS29a' +
  'SXpqMENBUVlJS29aSXpqMERBUWNEClFnQUVtbEhGdExBbnV2UVREWFIrRkh6TC9vT2NrMGFVWUVJYzhVSVZ5VE42VThCQjlP' +
  'MGc2Z0w2Sy9aUW1tYlEKa3kzNzhIbXVhdGNUTEJNaXVVRUNiMDNLV3FBQU1Bb0dDQ3FHU000OUJBTUNBMGtBTUVZQ0lRRDE5' +
  'MjZwSFhEdApDdzJOUlMyOFdGaHd0dUN4U2ticHRqaU9FWTZ0c1FLRUZRSWhBS0w5V0Npa3U2WFk2aFZGQ3hEVitMcXQxeEZ1' +
  'CnV5WVNkNWZLL2RkN3A1SlcKLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==';

/** Likewise, /CN=system:kube-controller-manager. */
const MANAGER =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIak1JR0xBZ0VBTUNreEp6QWxCZ05WQkFNTUhuTjVjM1Js' +
  'YlRwcmRXSmxMV052Ym5SeWIyeHNaWEl0YldGdQpZV2RsY2pCWk1CTUdCeXFHU000OUFnRUdDQ3FHU000OUF3RUhBMElBQkpw' +
  'UnhiU3dKN3IwRXcxMGZoUjh5LzZECm5KTkdsR0JDSFBGQ0Zja3plbFBBUWZUdElPb0MraXYyVUpwbTBKTXQrL0I1cm1yWEV5' +
  'd1RJcmxCQW05TnlscWcKQURBS0JnZ3Foa2pPUFFRREFnTkhBREJFQWlCTjhnbUt3Nk1SNlBad0FBaTlFQkJTU1dENXU2QXJI' +
  'U0RhK2ExYwprc3FnU3dJZ0V0ZjhHcmg5cC81UUF6WmtCWld0cjZxL2x6N1d6ZVhZN0JWekdmUnVEVWc9Ci0tLS0tRU5EIENF' +
  'UlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=';

const objectRef = { resource: 'certificatesigningrequests', name: 'x', apiGroup: 'certificates.k8s.io' };

function subject(request: unknown, fields: object = {}) {
  const requestObject = { kind: 'CertificateSigningRequest', spec: { request } };
  return certificateSubject(decoded(recordOf(eventWith({ objectRef, requestObject, ...fields }))));
}

/** A request of these subject bytes, as short as one may be. */
function encoded(...subject: number[]): string {
  const info = [0x02, 0x01, 0x00, 0x30, subject.length, ...subject];
  const der = Buffer.from([0x30, info.length + 2, 0x30, info.length, ...info]);
  return Buffer.from(`-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n`).toString('base64');
}

/** A set of one attribute: type by its last octet, kind of text, text. */
function attribute(type: number, tag: number, text: Buffer): number[] {
  const pair = [0x06, 0x03, 0x55, 0x04, type, tag, text.length, ...text];
  return [0x31, pair.length + 2, 0x30, pair.length, ...pair];
}

test('whom a certificate would be for', () => {
  assert.deepEqual(subject(MASTERS), { common_name: 'mallory', organization: ['interns', 'system:masters'] });
  assert.deepEqual(subject(MANAGER), { common_name: 'system:kube-controller-manager' });
});

test('nothing that stands around the request in its PEM hides whom it is for', () => {
  const pem = Buffer.from(MASTERS, 'base64').toString();
  const begin = '-----BEGIN CERTIFICATE REQUEST-----\n';
  const other = Buffer.from(MANAGER, 'base64').toString();
  for (const text of [
    `hello\n${pem}`,
    `${'x'.repeat(100_000)}\n${pem}`,
    `x ${begin}${pem}`,
    `${begin}not base64!\n-----END CERTIFICATE REQUEST-----\n${pem}`,
    pem.replace(begin, `${begin}Proc-Type: 4\n\n`),
    pem + other,
  ])
    assert.equal(subject(Buffer.from(text).toString('base64'))?.common_name, 'mallory', text.slice(0, 60));
});

test('an approval is read from the answer, which holds the whole object', () => {
  const approval = { objectRef: { ...objectRef, subresource: 'approval' }, verb: 'update' };
  const answer = { responseObject: { spec: { request: MASTERS } } };
  assert.equal(subject(undefined, { ...approval, ...answer })?.common_name, 'mallory');
});

test('kinds of text, several names, other attributes', () => {
  const [name, groups] = [0x03, 0x0a];
  const utf16 = Buffer.from('\0a\0l\0i\0c\0e');
  assert.deepEqual(subject(encoded(...attribute(name, 0x1e, utf16))), { common_name: 'alice' });
  assert.deepEqual(
    subject(
      encoded(
        ...attribute(0x0b, 0x0c, Buffer.from('unit')),
        ...attribute(name, 0x13, Buffer.from('first')),
        ...attribute(name, 0x0c, Buffer.from('last')),
        ...attribute(groups, 0x16, Buffer.from('devs')),
        ...attribute(groups, 0x04, Buffer.from('no text')),
      ),
    ),
    { common_name: 'last', organization: ['devs'] },
  );
});

test('nothing where nothing can be read', () => {
  assert.equal(subject(MASTERS, { objectRef: { ...objectRef, resource: 'secrets' } }), undefined);
  for (const request of [undefined, null, 7, '', 'LS0tLS0=', '!', [MASTERS], MASTERS.slice(0, 60)])
    assert.equal(subject(request), undefined);
  assert.equal(subject('A'.repeat(70_000)), undefined);
});

test('bytes of any kind do no harm', () => {
  const whole = Buffer.from(
    Buffer.from(MASTERS, 'base64').toString().split('\n').slice(1, -2).join(''),
    'base64',
  );
  const pem = (der: Uint8Array) =>
    Buffer.from(`-----\n${Buffer.from(der).toString('base64')}\n`).toString('base64');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(80), (bytes, position) => {
      const changed = Uint8Array.from(whole);
      changed.set(bytes.subarray(0, whole.length - position), position);
      for (const der of [bytes, changed]) {
        const { common_name, organization = [] } = subject(pem(der)) ?? {};
        assert.ok(common_name === undefined || common_name !== '');
        assert.ok(organization.length <= 64);
      }
    }),
    { numRuns: 2000 },
  );
});
