import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { holdsOf, type RuleExpression, waysOf } from '../../src/detect/sigma/rule-condition.ts';

const RULES = ['a', 'b', 'c', 'd'];

const { expression } = fc.letrec<{ expression: RuleExpression; children: RuleExpression[] }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(...RULES).map((rule) => ({ kind: 'item' as const, rule })),
    fc.record({ kind: fc.constant('not' as const), child: tie('expression') }),
    fc.record({ kind: fc.constantFrom('and' as const, 'or' as const), children: tie('children') }),
    fc
      .tuple(tie('children'), fc.nat())
      .map(([children, at]) => ({ kind: 'at-least' as const, count: 1 + (at % children.length), children })),
  ),
  children: fc.array(tie('expression'), { minLength: 1, maxLength: 3 }),
}));

test('an expression holds of some rules if and only if one of its ways does', () => {
  let expanded = 0;
  const property = fc.property(expression, (one) => {
    const ways = waysOf(one, RULES);
    if (!ways) return;
    expanded++;
    for (let chosen = 0; chosen < 1 << RULES.length; chosen++) {
      const matched = (rule: string) => (chosen & (1 << RULES.indexOf(rule))) !== 0;
      const isThere: boolean = ways.some(
        ({ needs, excludes }) => needs.every(matched) && !excludes.some(matched),
      );
      assert.equal(isThere, holdsOf(one, matched));
    }
  });
  const { seed, failed, numRuns } = fc.check(property, { numRuns: 3000 });
  console.log(`seed ${seed}, ${numRuns} runs`);
  if (failed) fc.assert(property, { seed, numRuns: 3000 });
  assert.ok(expanded > 2000, `${expanded} expanded`);
});
