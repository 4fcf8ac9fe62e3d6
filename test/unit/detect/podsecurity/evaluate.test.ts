import assert from 'node:assert/strict';
import test from 'node:test';
import { evaluate, parseVersion, violationMessage } from '../../../../src/detect/podsecurity/evaluate.ts';

test('a version label is latest or v1 and a minor version without leading zeros', () => {
  assert.equal(parseVersion('latest'), 'latest');
  assert.equal(parseVersion('v1.0'), 0);
  assert.equal(parseVersion('v1.37'), 37);
  assert.equal(parseVersion('v1.9223372036854775807'), 2 ** 63);
  for (const text of [
    undefined,
    '',
    'Latest',
    '1.30',
    'v1',
    'v1.',
    'v1.01',
    'v2.0',
    'v1.30.1',
    'v1.-1',
    'v1.1\n',
    ' v1.1',
    'v1.9223372036854775808',
    `v1.${'9'.repeat(100_000)}`,
  ]) {
    assert.equal(parseVersion(text), undefined, JSON.stringify(text?.slice(0, 40)));
  }
});

test('the message joins reasons and details as the reference does', () => {
  const violations = evaluate(
    { spec: { hostNetwork: true, securityContext: { sysctls: [{}] }, containers: [{ name: 'a' }] } },
    'baseline',
    'latest',
  );
  assert.equal(
    violationMessage(violations, 'baseline', 'v1.30'),
    'violates PodSecurity "baseline:v1.30": host namespaces (hostNetwork=true), forbidden sysctls',
  );
});

test('a version beyond every table is judged as latest', () => {
  const pod = {
    spec: { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_notsent_lowat', value: '1' }] } },
  };
  assert.equal(evaluate(pod, 'baseline', 36).length, 1);
  for (const version of [37, 38, 1000, 2 ** 63, Number.NaN, 'latest'] as const) {
    assert.deepEqual(evaluate(pod, 'baseline', version), []);
  }
});
