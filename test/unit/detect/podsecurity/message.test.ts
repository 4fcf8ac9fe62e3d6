import assert from 'node:assert/strict';
import test from 'node:test';
import { compareBytes, joinQuote, quote, setters } from '../../../../src/detect/podsecurity/message.ts';

test("quote escapes as Go's %q", () => {
  assert.equal(quote('plain text ~!'), '"plain text ~!"');
  assert.equal(quote('a"b\\c'), '"a\\"b\\\\c"');
  assert.equal(quote('\u0007\b\f\n\r\t\v'), '"\\a\\b\\f\\n\\r\\t\\v"');
  assert.equal(quote('\u0000\u001b\u007f'), '"\\x00\\x1b\\x7f"');
  assert.equal(quote('\u0085\u00a0\u00ad\u2028\ufeff'), '"\\u0085\\u00a0\\u00ad\\u2028\\ufeff"');
  assert.equal(quote('\u{e0001}\u{10ffff}'), '"\\U000e0001\\U0010ffff"');
  assert.equal(quote('é 漢字 \u{1F600} \ufffd'), '"é 漢字 \u{1F600} \ufffd"');
});

test('strings are ordered by their UTF-8 bytes', () => {
  const items = ['\u{10000}', '\uffff', '\ue000', 'b', 'a', 'ab', '', '\u{1F600}', '\ud7ff', 'Z', '10', '9'];
  const byBytes = items.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual(items.toSorted(compareBytes), byBytes);
});

test('names are quoted but not escaped', () => {
  assert.equal(joinQuote([]), '');
  assert.equal(joinQuote(['a"b', 'c']), '"a"b", "c"');
});

test('setters name the pod before its containers', () => {
  assert.equal(setters(true, undefined), 'pod');
  assert.equal(setters(true, ['a', 'b']), 'pod and containers "a", "b"');
  assert.equal(setters(false, ['a']), 'container "a"');
});
