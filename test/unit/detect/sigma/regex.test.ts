import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainEvent } from '../../../../src/detect/sigma/event.ts';
import {
  REGEX_CHARACTERS_MAX,
  REGEX_INSTRUCTIONS_MAX,
} from '../../../../src/detect/sigma/modifiers/regex.ts';
import { refusal, selecting } from './support.ts';

test('an expression that would backtrack for ever elsewhere returns', () => {
  const event = plainEvent({ userAgent: `${'a'.repeat(1_000_000)}b` });
  for (const expression of ['(a+)+$', '^(a|a)*$', '(a*)*c', '^(a?){50}a{50}$', '(x+x+)+y']) {
    assert.equal(selecting({ 'userAgent|re': expression }).matches(event), false, expression);
  }
});

test('repetition bombs, over-long expressions and what is not regular are refused', () => {
  const table: readonly [expression: string, message: RegExp][] = [
    ['a{1000}{1000}', /invalid nested repetition/],
    ['((a{100}){100}){100}', /invalid repeat count/],
    ['a{1001}', /invalid repeat count/],
    ['(?:[a-z]{1,30}x){1,30}', new RegExp(`at most ${REGEX_INSTRUCTIONS_MAX} are possible`)],
    ['a'.repeat(REGEX_CHARACTERS_MAX + 1), new RegExp(`at most ${REGEX_CHARACTERS_MAX} are possible`)],
    ['(a)\\1', /invalid escape sequence/],
    ['(?=a)', /invalid or unsupported/],
    ['(?<!a)b', /invalid/],
    ['(', /missing closing/],
    ['[z-a]', /invalid character class range/],
    ['*a', /missing argument/],
    ['('.repeat(500) + ')'.repeat(500), /./],
  ];
  for (const [expression, message] of table) {
    const refused = refusal({ 'userAgent|re': expression });
    assert.match(refused, /^RULE_REGEX_INVALID: /);
    assert.match(refused, message);
  }
});
