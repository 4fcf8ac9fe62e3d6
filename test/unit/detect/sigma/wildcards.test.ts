import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compilePattern, parsePattern } from '../../../../src/detect/sigma/pattern.ts';
import { vectors } from './support.ts';

test('wildcards and backslash escapes, as the specification lists them', () => {
  const table: readonly [pattern: string, text: string, verdict: boolean][] = [
    ['prog?.exe', 'progA.exe', true],
    ['prog?.exe', 'prog.exe', false],
    ['prog?.exe', 'progAB.exe', false],
    ['antivirus_V*.exe', 'antivirus_V21.2.1.exe', true],
    ['antivirus_V*.exe', 'antivirus_V.exe', true],
    ['*', '', true],
    ['?', '', false],
    ['?', '\u{1f600}', true],
    ['??', '\u{1f600}', false],
    ['**a**', 'xay', true],
    ['a*b*c', 'aXbXbXc', true],
    ['a*b*c', 'aXcXb', false],
    ['*abc', 'abcabc', true],
    ['*a?c', 'abcaxc', true],
    ['a?*', 'a', false],
    ['?*b', 'ab', true],
    ['a*', 'a', true],
    // A backslash before anything but a wildcard or a backslash is itself.
    ['C:\\Windows', 'C:\\Windows', true],
    ['C:\\\\Windows', 'C:\\Windows', true],
    ['a\\', 'a\\', true],
    // An escaped wildcard is itself.
    ['a\\*', 'a*', true],
    ['a\\*', 'abc', false],
    ['a\\?', 'a?', true],
    ['a\\?', 'ab', false],
    // An escaped backslash leaves the wildcard one.
    ['a\\\\*', 'a\\bcd', true],
    ['a\\\\*', 'abcd', false],
    // Three: both are plain.
    ['a\\\\\\*', 'a\\*', true],
    ['a\\\\\\*', 'a\\b', false],
    // Three or four: two.
    ['a\\\\\\b', 'a\\\\b', true],
    ['a\\\\\\\\b', 'a\\\\b', true],
  ];
  for (const [pattern, text, verdict] of table) {
    assert.equal(compilePattern(parsePattern(pattern))(text), verdict, `${pattern} against ${text}`);
  }
});

test('many stars against a long text end', () => {
  const matches = compilePattern(parsePattern(`${'*a'.repeat(50)}*b`));
  assert.equal(matches('a'.repeat(20_000)), false);
});

vectors('the wildcard alone is met by whatever is there and not null', [
  [{ 'requestObject.spec.hostPath': '*' }, { requestObject: { spec: { hostPath: { path: '/' } } } }, true],
  [{ 'requestObject.spec.hostPath': '*' }, { requestObject: { spec: { hostPath: '' } } }, true],
  [{ 'requestObject.spec.hostPath': '*' }, { requestObject: { spec: { hostPath: null } } }, false],
  [{ 'requestObject.spec.hostPath': '*' }, { requestObject: { spec: {} } }, false],
  [{ 'requestObject.spec.hostPath': '?*' }, { requestObject: { spec: { hostPath: {} } } }, false],
]);

vectors('a wildcard reads numbers as text', [
  [{ 'responseStatus.code': '4*' }, { responseStatus: { code: 404 } }, true],
  [{ 'responseStatus.code': '4*' }, { responseStatus: { code: 200 } }, false],
]);

test('a pattern means what trying every way of reading it says', () => {
  const naive = (parts: readonly string[], text: readonly string[]): boolean => {
    const [part, ...others] = parts;
    if (part === undefined) return text.length === 0;
    if (part === '*') return naive(others, text) || (text.length > 0 && naive(parts, text.slice(1)));
    return text.length > 0 && (part === '?' || part === text[0]) && naive(others, text.slice(1));
  };
  const letters = ['a', 'b', '\u{1f600}'];
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...letters, '*', '?'), { maxLength: 9 }),
      fc.array(fc.constantFrom(...letters), { maxLength: 9 }),
      (parts, text) => {
        const matches = compilePattern(parsePattern(parts.join('')));
        assert.equal(matches(text.join('')), naive(parts, text));
      },
    ),
    { numRuns: 5000 },
  );
});
