import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { selectorExtent, selectorText } from '../../../../src/detect/policy/label-selector.ts';

const labels = (matchLabels: object) => ({ matchLabels });
const expression = (key: string, operator: string, ...values: string[]) => ({
  matchExpressions: [{ key, operator, ...(values.length > 0 ? { values } : {}) }],
});

test('how what a selector matches stands to what another one matched', () => {
  const cases: readonly [before: unknown, after: unknown, extent: string][] = [
    [undefined, {}, 'equal'],
    [{}, { matchLabels: {}, matchExpressions: [] }, 'equal'],
    [{}, labels({ team: 'a' }), 'narrower'],
    [labels({ team: 'a' }), null, 'wider'],
    [labels({ team: 'a' }), expression('team', 'In', 'a'), 'equal'],
    [labels({ team: 'a' }), labels({ team: 'a', env: 'dev' }), 'narrower'],
    [labels({ team: 'a' }), labels({ team: 'b' }), 'different'],
    [labels({ team: 'a' }), expression('team', 'In', 'b', 'a'), 'wider'],
    [labels({ team: 'a' }), expression('team', 'Exists'), 'wider'],
    [labels({ team: 'a' }), expression('team', 'NotIn', 'b'), 'wider'],
    [labels({ team: 'a' }), expression('team', 'NotIn', 'a'), 'different'],
    [expression('team', 'NotIn', 'a'), expression('team', 'NotIn', 'a', 'b'), 'narrower'],
    [expression('ignore', 'DoesNotExist'), labels({ nothing: 'matches' }), 'different'],
    [expression('ignore', 'DoesNotExist'), {}, 'wider'],
    [{}, expression('name', 'NotIn', 'victim'), 'narrower'],
    [expression('a', 'Exists'), expression('a', 'DoesNotExist'), 'different'],
    [expression('a', 'In'), labels({ a: 'b' }), 'wider'],
    [{ ...labels({ a: 'x' }), ...expression('a', 'NotIn', 'x') }, expression('b', 'In'), 'equal'],
    [labels({ team: 'a*' }), labels({ team: 'a' }), 'unclear'],
    [expression('a', 'Matches', 'x'), {}, 'unclear'],
  ];
  for (const [before, after, extent] of cases) {
    assert.equal(selectorExtent(before, after), extent, JSON.stringify([before, after]));
  }
});

const requirement = fc.record({
  key: fc.constantFrom('a', 'b'),
  operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
  values: fc.uniqueArray(fc.constantFrom('x', 'y', 'z'), { maxLength: 3 }),
});
const selector = fc.record({ matchExpressions: fc.array(requirement, { maxLength: 3 }) });

type Selector = typeof selector extends fc.Arbitrary<infer T> ? T : never;

/** k8s.io/apimachinery/pkg/labels, `Requirement.Matches`, over every label set of two keys and one value that no selector names. */
const OBJECTS = [undefined, 'x', 'y', 'z', 'other'].flatMap((a) =>
  [undefined, 'x', 'y', 'z', 'other'].map((b): Record<string, string | undefined> => ({ a, b })),
);

function matched({ matchExpressions }: Selector): Set<object> {
  return new Set(
    OBJECTS.filter((object) =>
      matchExpressions.every(({ key, operator, values }) => {
        const value = object[key];
        if (operator === 'Exists') return value !== undefined;
        if (operator === 'DoesNotExist') return value === undefined;
        const listed = value !== undefined && values.includes(value as 'x');
        return operator === 'In' ? listed : !listed;
      }),
    ),
  );
}

test('the logic agrees with matching every object', () => {
  fc.assert(
    fc.property(selector, selector, (before, after) => {
      const [was, is] = [matched(before), matched(after)];
      const [lost, gained] = [!was.isSubsetOf(is), !is.isSubsetOf(was)];
      const extent = lost ? (gained ? 'different' : 'narrower') : gained ? 'wider' : 'equal';
      assert.equal(selectorExtent(before, after), extent);
    }),
    { numRuns: 2000 },
  );
});

test('selectors read as kubectl writes them', () => {
  assert.equal(selectorText({}), 'everything');
  assert.equal(
    selectorText({ ...labels({ team: 'a' }), ...expression('env', 'NotIn', 'dev', 'test') }),
    'team=a,env notin (dev,test)',
  );
  assert.equal(selectorText(expression('ignore', 'DoesNotExist')), '!ignore');
  assert.equal(selectorText(labels({ team: JSON.parse('{"toString":1}') })), 'team={"toString":1}');
});
