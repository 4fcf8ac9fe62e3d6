import assert from 'node:assert/strict';
import test from 'node:test';
import type { Client } from '../../../../src/detect/caller/client.ts';
import { decoded, eventWith, recordOf, reviewRecord } from '../support.ts';

function clientWith(fields: object): Client {
  return decoded(recordOf(eventWith(fields))).caller.client;
}

const from = (...sourceIPs: unknown[]) => clientWith({ sourceIPs });

test('the client is the peer where nothing stands between', () => {
  assert.partialDeepStrictEqual(from('10.0.0.7'), { peer: '10.0.0.7', ip: '10.0.0.7' });
  assert.partialDeepStrictEqual(from('203.0.113.9'), { peer: '203.0.113.9', ip: '203.0.113.9' });
});

test('behind a load balancer it is the last public address', () => {
  assert.partialDeepStrictEqual(from('20.43.245.209', '172.31.52.37'), {
    peer: '172.31.52.37',
    ip: '20.43.245.209',
  });
  assert.equal(from('10.1.2.3', '8.8.8.8', '203.0.113.9', '100.64.0.1', 'fd00::1').ip, '203.0.113.9');
});

test('a public peer is believed before what it claims', () => {
  assert.equal(from('8.8.8.8', '10.0.0.1', '203.0.113.9').ip, '203.0.113.9');
});

test('what is no address is passed over', () => {
  assert.equal(from('203.0.113.9', 'x', 7, null, '10.0.0.1').ip, '203.0.113.9');
  assert.deepEqual(clientWith({ sourceIPs: 'x', userAgent: undefined }), {});
  assert.deepEqual(clientWith({ sourceIPs: [{}], userAgent: '' }), {});
  assert.equal(from(...new Array(100).fill('10.0.0.1'), '203.0.113.9').ip, '203.0.113.9');
});

test('a private block is one network, public addresses lie in the one of a provider', () => {
  const networks = {
    '10.9.8.7': '10.0.0.0/8',
    '172.31.52.37': '172.16.0.0/12',
    '127.0.0.1': '127.0.0.0/8',
    '::1': '::1/128',
    'fd12::1': 'fc00::/7',
    '172.32.0.1': '172.32.0.0/16',
    '203.0.113.9': '203.0.0.0/16',
    '2001:db8::7': '2001:db8::/32',
    '2A00:1450:4001:80b::200e': '2a00:1450::/32',
    '2001::7': '2001:0::/32',
  };
  for (const [ip, network] of Object.entries(networks)) assert.equal(from(ip).network, network);
});

test('the program is the name without its version', () => {
  const programs = {
    'kubectl/v1.37.2 (linux/amd64) kubernetes/lab': 'kubectl',
    'python-requests/2.31.0': 'python-requests',
    'Kubernetes Java Client/19.0': 'Kubernetes Java Client',
    'node-fetch (+https://example.com)': 'node-fetch',
    curl: 'curl',
  };
  for (const [userAgent, program] of Object.entries(programs))
    assert.equal(clientWith({ userAgent }).program, program);
  assert.equal(clientWith({ userAgent: 'U'.repeat(3000) }).program?.length, 128);
});

test('a review names no client', () => {
  assert.deepEqual(
    decoded(reviewRecord({ uid: 'u', operation: 'CREATE', userInfo: { username: 'alice' } })).caller.client,
    {},
  );
});
