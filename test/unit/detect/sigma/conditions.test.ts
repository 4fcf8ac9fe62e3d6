import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONDITION_TOKENS_MAX } from '../../../../src/detect/sigma/condition.ts';
import { plainEvent } from '../../../../src/detect/sigma/event.ts';
import { compile, problemsOf, ruleText } from './support.ts';

/** Search identifiers that hold if the event's text holds their letter. */
const IDENTIFIERS = ['sel_a', 'sel_b', 'sel-c', 'other', '_hidden']
  .map((name) => `${name}:\n  userAgent|contains: '${name.at(-1)}'`)
  .join('\n');

const rule = (condition: string) => compile(ruleText(`${IDENTIFIERS}\ncondition: ${condition}`));

test('every form of condition', () => {
  // Letters: a sel_a, b sel_b, c sel-c, r other, n _hidden.
  const table: readonly [condition: string, matching: readonly string[], failing: readonly string[]][] = [
    ['sel_a', ['a', 'ab'], ['b', '']],
    ['not sel_a', ['b', ''], ['a']],
    ['not not sel_a', ['a'], ['b']],
    ['sel_a and sel_b', ['ab'], ['a', 'b']],
    ['sel_a or sel_b', ['a', 'b'], ['c']],
    ['sel_a or sel_b and sel-c', ['a', 'bc'], ['b', 'c']],
    ['(sel_a or sel_b) and sel-c', ['ac', 'bc'], ['a', 'ab', 'c']],
    ['not sel_a and sel_b', ['b'], ['ab', 'a']],
    ['not (sel_a and sel_b)', ['a', 'b'], ['ab']],
    ['sel_a AND NOT sel_b', ['a'], ['ab']],
    ['1 of sel*', ['a', 'b', 'c'], ['r', 'n']],
    ['1 of sel_*', ['a', 'b'], ['c']],
    ['any of sel_*', ['a', 'b'], ['c']],
    ['2 of sel*', ['ab', 'bc', 'ac', 'abc'], ['a', 'c', 'ar']],
    ['all of sel_*', ['ab'], ['a', 'b']],
    ['all of s*l*', ['abc'], ['ab']],
    ['1 of sel_a', ['a'], ['b']],
    ['1 of them', ['a', 'r'], ['n']],
    ['all of them', ['abcr'], ['abc']],
    ['3 of them', ['abc', 'abcr', 'acr'], ['ab', 'abn']],
    ['1 of *', ['r'], ['n']],
    ['1 of _*', ['n'], ['a']],
    ['all of sel_* and not 1 of other', ['ab'], ['abr', 'a']],
    ['sel_a and _hidden', ['an'], ['a']],
    ['[sel_a, sel_b and other]', ['a', 'br'], ['b', 'r']],
  ];
  for (const [condition, matching, failing] of table) {
    const { matches } = rule(condition);
    for (const userAgent of matching)
      assert.ok(matches(plainEvent({ userAgent })), `${condition}: ${userAgent}`);
    for (const userAgent of failing)
      assert.ok(!matches(plainEvent({ userAgent })), `${condition}: ${userAgent}`);
  }
});

test('a condition that cannot be read is refused at the character to blame', () => {
  // The condition begins at column 16 of line 14.
  const table: readonly [condition: string, problem: string][] = [
    ['sel_a and', 'RULE_INVALID test.yml:14:25: Expected a search identifier at the end of the condition.'],
    [
      'sel_a sel_b',
      'RULE_INVALID test.yml:14:22: Expected "and", "or" or the end of the condition, found "sel_b".',
    ],
    ['(sel_a', 'RULE_INVALID test.yml:14:22: Expected ")" in the condition.'],
    [
      'sel_a and sel_d',
      'RULE_INVALID test.yml:14:26: "sel_d" is not a search identifier of this rule. Did you mean "sel_a"?',
    ],
    ['sel_a & sel_b', 'RULE_INVALID test.yml:14:22: Unexpected character "&" in the condition.'],
    ['1 of xyz*', 'RULE_INVALID test.yml:14:21: No search identifier matches "xyz*".'],
    ['1 of', 'RULE_INVALID test.yml:14:20: Expected "them" or the name of search identifiers after "of".'],
    ['4 of sel*', 'RULE_INVALID test.yml:14:16: 4 search identifiers are asked for; only 3 match.'],
    ['0 of sel*', 'RULE_INVALID test.yml:14:16: Expected a number, "all" or "any" before "of", found "0".'],
    [
      'sel_a | count() > 5',
      'RULE_INVALID test.yml:14:22: Sigma 2 has no aggregation in the condition ("| count() …", "| near …"). Write a correlation rule.',
    ],
  ];
  for (const [condition, problem] of table) {
    assert.deepEqual(problemsOf(ruleText(`${IDENTIFIERS}\ncondition: ${condition}`)), [problem]);
  }
});

test('brackets cannot exhaust the stack', () => {
  const [problem] = problemsOf(ruleText(`${IDENTIFIERS}\ncondition: ${'('.repeat(100_000)}sel_a`));
  assert.match(problem!, new RegExp(`more than ${CONDITION_TOKENS_MAX} words and brackets`));
  assert.ok(rule(`${'('.repeat(240)}sel_a${')'.repeat(240)}`).matches(plainEvent({ userAgent: 'a' })));
});
