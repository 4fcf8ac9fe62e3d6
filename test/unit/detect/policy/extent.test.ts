import assert from 'node:assert/strict';
import test from 'node:test';
import { unionExtent } from '../../../../src/detect/policy/extent.ts';
import { patternCovers } from '../../../../src/record/pattern.ts';

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
