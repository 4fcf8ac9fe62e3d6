import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { evaluate, MAX_DETAIL, violationMessage } from '../../../../src/detect/podsecurity/evaluate.ts';
import { podOf } from '../../../../src/detect/podsecurity/pod-template.ts';
import { WRONG, wrongTypesIn } from '../support.ts';

const FIXTURE = join(import.meta.dirname, '../../../fixtures/podsecurity/pods.json');
const { pods } = JSON.parse(readFileSync(FIXTURE, 'utf8')) as { readonly pods: readonly { pod: object }[] };

const VERSIONS = [0, 8, 19, 22, 23, 25, 27, 29, 31, 32, 34, 35, 37, 'latest'] as const;

/** Evaluates at every level and step, and checks the shape of the result. */
function judge(pod: { readonly metadata?: unknown; readonly spec?: unknown }): void {
  for (const level of ['baseline', 'restricted'] as const) {
    for (const version of VERSIONS) {
      const violations = evaluate(pod, level, version);
      for (const { check, reason, detail } of violations) {
        assert.equal(typeof check, 'string');
        assert.notEqual(reason, '');
        assert.ok(detail === undefined || (detail !== '' && detail.length <= MAX_DETAIL + 1));
        assert.doesNotMatch(detail ?? '', /undefined|\[object/);
      }
      assert.ok(violationMessage(violations, level, 'latest').isWellFormed());
    }
  }
}

test('a wrong type in the place of any field of any pod never throws', () => {
  for (const { pod } of pods) {
    const copy = structuredClone(pod);
    for (const _ of wrongTypesIn(copy)) {
      judge(copy);
    }
    assert.deepEqual(copy, pod);
  }
});

test('any JSON in the place of the pod never throws', () => {
  for (const wrong of WRONG) {
    judge(wrong as object);
    judge({ metadata: wrong, spec: wrong });
    judge({ spec: { containers: wrong, initContainers: wrong, ephemeralContainers: wrong } });
    judge({ metadata: { annotations: wrong } });
    podOf(wrong);
    podOf({ kind: wrong, apiVersion: wrong, spec: wrong }, 'deployments');
    podOf({ kind: 'CronJob', spec: { jobTemplate: wrong } });
    podOf({ kind: 'Deployment', spec: { template: wrong } });
  }
});

test('random JSON under the names of real fields never throws', () => {
  const key = fc.constantFrom(
    ...['spec', 'metadata', 'annotations', 'containers', 'initContainers', 'ephemeralContainers', 'volumes'],
    ...[
      'securityContext',
      'capabilities',
      'add',
      'drop',
      'ports',
      'hostPort',
      'name',
      'type',
      'sysctls',
      'os',
    ],
    ...['seLinuxOptions', 'seccompProfile', 'appArmorProfile', 'windowsOptions', 'hostProcess', 'lifecycle'],
    ...['livenessProbe', 'preStop', 'httpGet', 'host', 'procMount', 'hostPath', '__proto__'],
    'container.apparmor.security.beta.kubernetes.io/x',
    'seccomp.security.alpha.kubernetes.io/pod',
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      fc.constantFrom(...WRONG),
      fc.string({ unit: 'binary' }),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 6 }),
    ),
  }));
  fc.assert(fc.property(value, value, (metadata, spec) => judge({ metadata, spec })));
});

test('a wrong type counts as absent', () => {
  const pod = {
    metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/a': 1 } },
    spec: {
      hostNetwork: 'true',
      hostPID: 1,
      hostIPC: {},
      volumes: [{ name: 'v', hostPath: '/' }, 'x', 7, []],
      securityContext: {
        sysctls: { name: 'x' },
        seLinuxOptions: [],
        windowsOptions: { hostProcess: 'true' },
      },
      containers: [
        'x',
        {
          name: 'a',
          securityContext: { privileged: 'true', procMount: 1, capabilities: { add: 'SYS_ADMIN' } },
        },
        { name: 'b', ports: [{ hostPort: '80' }, { hostPort: 0.5 }, { hostPort: 2 ** 31 }, 80] },
        { name: 'c', livenessProbe: { httpGet: { host: 1 }, tcpSocket: 'h' }, lifecycle: [] },
        [],
      ],
    },
  };
  assert.deepEqual(evaluate(pod, 'baseline', 'latest'), []);
});

test('a key named __proto__ lends no fields', () => {
  const spec = JSON.parse('{"__proto__":{"hostNetwork":true},"containers":[{"__proto__":{"name":"x"}}]}');
  assert.deepEqual(evaluate({ spec }, 'baseline', 'latest'), []);
});

test('a lone surrogate is replaced, so that messages stay valid text', () => {
  const spec = { containers: [{ name: 'a\ud800', securityContext: { privileged: true } }] };
  assert.equal(
    evaluate({ spec }, 'baseline', 'latest')[0]?.detail,
    'container "a\ufffd" must not set securityContext.privileged=true',
  );
});

test('an annotation is found for a container whose name holds a lone surrogate', () => {
  const annotations = { 'container.seccomp.security.alpha.kubernetes.io/\ud800': 'unconfined' };
  const pod = { metadata: { annotations }, spec: { containers: [{ name: '\udc00' }] } };
  assert.equal(evaluate(pod, 'baseline', 18)[0]?.check, 'seccompProfile_baseline');
});

test('a huge pod is judged in full, and what is said of it is bounded', () => {
  const many = 100_000;
  const names = Array.from({ length: many }, (_, i) => `c${i}`);
  const containers: object[] = names.map((name) => ({
    name,
    securityContext: { capabilities: { add: [name] } },
  }));
  containers.push({ name: 'last', securityContext: { privileged: true, procMount: 'Unmasked' } });
  const pod = {
    metadata: {
      annotations: Object.fromEntries(
        names.map((name) => [`container.apparmor.security.beta.kubernetes.io/${name}`, 'unconfined']),
      ),
    },
    spec: {
      containers,
      volumes: names.map((name) => ({ name, [name]: {} })),
      securityContext: { sysctls: names.map((name) => ({ name })) },
    },
  };
  const violations = evaluate(pod, 'restricted', 'latest');
  for (const { detail } of violations) assert.ok(detail !== undefined && detail.length <= MAX_DETAIL + 1);
  assert.equal(
    violations.find(({ check }) => check === 'privileged')?.detail,
    'container "last" must not set securityContext.privileged=true',
  );
});

test('one huge name is cut', () => {
  const name = '\u{1F600}'.repeat(1_000_000);
  const [violation] = evaluate(
    { spec: { containers: [{ name, securityContext: { privileged: true } }] } },
    'baseline',
    37,
  );
  assert.ok(violation?.detail !== undefined);
  assert.ok(violation.detail.length <= MAX_DETAIL + 1 && violation.detail.isWellFormed());
});
