import assert from 'node:assert/strict';
import test from 'node:test';
import { compared } from './support.ts';

type Names = readonly unknown[];

const EXEMPTING: Record<string, readonly [path: string, of: (names: Names) => object]> = {
  'namespaces that Gatekeeper passes over': [
    'config.gatekeeper.sh/configs',
    (names) => ({ spec: { match: [{ excludedNamespaces: names, processes: ['*'] }] } }),
  ],
  'names that an exception of Kyverno lifts': [
    'kyverno.io/policyexceptions',
    (names) => ({ spec: { match: { any: [{ resources: { kinds: ['Pod'], names } }] } } }),
  ],
  'rules that an exception of Kyverno lifts': [
    'kyverno.io/policyexceptions',
    (names) => ({ spec: { exceptions: [{ policyName: 'p', ruleNames: names }] } }),
  ],
  'objects that an admission policy leaves out': [
    'admissionregistration.k8s.io/validatingadmissionpolicies',
    (names) => ({
      spec: {
        matchConstraints: {
          excludeResourceRules: [
            {
              operations: ['*'],
              apiGroups: [''],
              apiVersions: ['*'],
              resources: ['pods'],
              resourceNames: names,
            },
          ],
        },
      },
    }),
  ],
};

for (const [what, [path, of]] of Object.entries(EXEMPTING)) {
  test(`however many stand before it, one more is not passed over: ${what}`, () => {
    for (const count of [1, 99, 150, 3000]) {
      const names = Array.from({ length: count }, (_, index) => `n${index}`);
      for (const before of [names, [null, ...names]]) {
        const { effect } = compared(path, of(before), of([...before, 'kube-system']));
        assert.ok(effect === 'weakened' || (count > 99 && effect === 'unclear'), `${count}: ${effect}`);
        assert.equal(compared(path, of(before), of(before)).effect, 'neutral');
      }
    }
  });
}
