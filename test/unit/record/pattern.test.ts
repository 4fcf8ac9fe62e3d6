import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { patternCovers } from '../../../src/record/pattern.ts';

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
