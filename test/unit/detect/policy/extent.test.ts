import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { unionExtent } from '../../../../src/detect/policy/extent.ts';
import { patternCovers } from '../../../../src/record/pattern.ts';

test('what a pattern matches beside another one', () => {
  for (const [whole, part] of [
    ['*', 'kube-system'],
    ['*', 'kube-*'],
    ['kube-*', 'kube-system'],
    ['kube-*', 'kube-sys*'],
    ['*-system', '*-system'],
    ['*a*', 'xa*y'],
    ['?', 'a'],
    ['?*', '*?'],
    ['a?c', 'abc'],
    ['**', '*'],
    ['', ''],
  ] as const) {
    assert.ok(patternCovers(whole, part), `${whole} ⊇ ${part}`);
  }
  for (const [whole, part] of [
    ['kube-*', '*'],
    ['kube-system', 'kube-*'],
    ['a', 'b'],
    ['?', '*'],
    ['?', 'ab'],
    ['a*b', 'a*'],
    ['', 'a'],
  ] as const) {
    assert.ok(!patternCovers(whole, part), `${whole} ⊉ ${part}`);
  }
});

const text = fc.array(fc.constantFrom('a', 'b'), { maxLength: 6 }).map((parts) => parts.join(''));
const pattern = fc
  .array(fc.constantFrom('a', 'b', '*', '?'), { maxLength: 5 })
  .map((parts) => parts.join(''));

/** The same by a regular expression. */
function matches(one: string, name: string): boolean {
  return new RegExp(`^${one.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name);
}

test('a pattern that covers another one matches all that the other does', () => {
  fc.assert(
    fc.property(pattern, pattern, text, (whole, part, name) => {
      assert.equal(patternCovers(whole, name), matches(whole, name));
      if (patternCovers(whole, part) && matches(part, name)) assert.ok(matches(whole, name));
    }),
    { numRuns: 3000 },
  );
});

test('long lists that hardly differ are compared, and patterns made to take long do not', () => {
  const many = Array.from({ length: 900 }, (_, index) => `registry.example/team-${index}/`);
  assert.equal(unionExtent(many, [...many, 'evil/'], patternCovers), 'wider');
  const others = many.map((one) => `${one}x`);
  assert.equal(unionExtent(many, others, patternCovers), 'unclear');
  const slow = Array.from({ length: 100 }, (_, index) => `${'a*'.repeat(250)}${index}`);
  const start = performance.now();
  unionExtent(slow, [`${'a'.repeat(500)}b`], patternCovers);
  assert.ok(performance.now() - start < 2000);
});
