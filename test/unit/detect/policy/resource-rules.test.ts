import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { rulesChange } from '../../../../src/detect/policy/resource-rules.ts';

const rule = (fields: object = {}) => ({
  operations: ['CREATE', 'UPDATE'],
  apiGroups: [''],
  apiVersions: ['v1'],
  resources: ['pods'],
  ...fields,
});

test('what is no longer matched, and what is besides', () => {
  const cases: readonly [before: object[], after: object[], lost: string[], gained: string[]][] = [
    [[rule()], [rule({ scope: '*' })], [], []],
    [[rule()], [rule({ operations: ['UPDATE', 'CREATE'] })], [], []],
    [[rule()], [rule({ operations: ['CREATE'] }), rule({ operations: ['UPDATE'] })], [], []],
    [[rule()], [rule({ operations: ['CREATE'] })], ['UPDATE pods'], []],
    [[rule()], [rule({ operations: ['*'] })], [], ['DELETE pods', 'CONNECT pods']],
    [
      [rule({ operations: ['*'] })],
      [rule({ operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] })],
      [],
      [],
    ],
    [[rule({ scope: '*' })], [rule({ scope: 'Cluster' })], ['CREATE pods', 'UPDATE pods'], []],
    [[rule({ scope: '*' })], [rule({ scope: 'Cluster' }), rule({ scope: 'Namespaced' })], [], []],
    [[rule()], [rule({ resources: ['*'] })], [], ['CREATE *', 'UPDATE *']],
    [[rule({ resources: ['pods/*'] })], [rule({ resources: ['*/*'] })], [], ['CREATE */*', 'UPDATE */*']],
    [
      [rule({ resources: ['pods/exec'] })],
      [rule({ resources: ['*'] })],
      ['CREATE pods/exec', 'UPDATE pods/exec'],
      ['CREATE *', 'UPDATE *'],
    ],
    [[rule({ resources: ['pods/*'] })], [rule()], ['CREATE pods/*', 'UPDATE pods/*'], []],
    [[rule({ resources: ['*/scale'] })], [rule({ resources: ['*/*'] })], [], ['CREATE */*', 'UPDATE */*']],
    [
      [rule({ apiGroups: ['*'] })],
      [rule({ apiGroups: ['', 'apps'] })],
      ['CREATE */pods', 'UPDATE */pods'],
      [],
    ],
    [
      [rule({ apiGroups: ['apps'], resources: ['deployments'] })],
      [],
      ['CREATE apps/deployments', 'UPDATE apps/deployments'],
      [],
    ],
    [[rule()], [rule({ resourceNames: ['a'] })], ['CREATE pods', 'UPDATE pods'], []],
    [
      [rule({ resourceNames: ['a'] })],
      [rule({ resourceNames: ['a', 'b'] })],
      [],
      ['CREATE pods', 'UPDATE pods'],
    ],
    [[rule({ resources: [] })], [], [], []],
  ];
  for (const [before, after, lost, gained] of cases) {
    const where = JSON.stringify([before, after]);
    assert.deepEqual(rulesChange(before, after), { lost, gained, reversioned: false }, where);
    assert.deepEqual(rulesChange(after, before), { lost: gained, gained: lost, reversioned: false }, where);
  }
});

test('other versions of the same resources are not others', () => {
  const both = [rule({ apiVersions: ['v1', 'v1beta1'] })];
  assert.deepEqual(rulesChange(both, [rule()]), { lost: [], gained: [], reversioned: true });
  assert.deepEqual(rulesChange([rule({ apiVersions: ['*'] })], [rule()]), {
    lost: [],
    gained: [],
    reversioned: true,
  });
});

test('what is no rule stands for itself, and too much is not compared', () => {
  assert.deepEqual(rulesChange(['x'], []), { lost: ['"x"'], gained: [], reversioned: false });
  const many = Array.from({ length: 100 }, (_, index) => `r${index}`);
  assert.equal(rulesChange([rule({ resources: many, apiGroups: many })], []), undefined);
});

const some = <Value>(...values: Value[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 });
const rules = fc.array(
  fc.record({
    operations: some('CREATE', 'DELETE', '*'),
    apiGroups: some('', 'apps', '*'),
    apiVersions: fc.constant(['v1']),
    resources: some('pods', 'pods/exec', 'pods/*', '*', '*/exec', '*/*'),
    scope: fc.constantFrom('*', 'Cluster', 'Namespaced'),
  }),
  { maxLength: 3 },
);
type Rules = typeof rules extends fc.Arbitrary<infer T> ? T : never;

/** One value that rules name and one that none does, in every dimension. */
const REQUESTS = ['CREATE', 'DELETE', 'UPDATE'].flatMap((operation) =>
  ['', 'apps', 'other'].flatMap((group) =>
    ['pods', 'other'].flatMap((resource) =>
      ['', 'exec', 'other'].flatMap((subresource) =>
        ['Cluster', 'Namespaced'].map((scope) => ({ operation, group, resource, subresource, scope })),
      ),
    ),
  ),
);

/** k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules, `Matcher.Matches`. */
function matched(list: Rules): Set<object> {
  const any = (values: readonly string[], value: string) => values.includes('*') || values.includes(value);
  return new Set(
    REQUESTS.filter(({ operation, group, resource, subresource, scope }) =>
      list.some(
        (one) =>
          any(one.operations, operation) &&
          any(one.apiGroups, group) &&
          (one.scope === '*' || one.scope === scope) &&
          one.resources.some((path) => {
            const [name, sub = ''] = path.split('/');
            return (name === '*' || name === resource) && (sub === '*' || sub === subresource);
          }),
      ),
    ),
  );
}

test('the sets agree with matching every request', () => {
  fc.assert(
    fc.property(rules, rules, (before, after) => {
      const change = rulesChange(before, after)!;
      const [was, is] = [matched(before), matched(after)];
      assert.equal(change.lost.length > 0, !was.isSubsetOf(is));
      assert.equal(change.gained.length > 0, !is.isSubsetOf(was));
    }),
    { numRuns: 300 },
  );
});
