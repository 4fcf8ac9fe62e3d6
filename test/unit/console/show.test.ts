import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  clip,
  Exact,
  escapeForPage,
  shownExactTime,
  shownTime,
  visible,
  visibleJson,
} from '../../../src/console/show.ts';

describe('show', () => {
  it('escapes markup, also inside attributes', () => {
    assert.equal(
      escapeForPage(`<a href="x" title='y'>&`),
      '&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;',
    );
    assert.equal(escapeForPage(undefined), '');
    assert.equal(escapeForPage(42), '42');
  });

  it('shows characters that are not seen', () => {
    assert.equal(visible('a\u202eb'), 'a\\u202eb');
    assert.equal(visible('\u0000\u001b[2J\u007f'), '\\u0000\\u001b[2J\\u007f');
    assert.equal(visible('a\r\nb\tc'), 'a\\r\\nb\\tc');
    assert.equal(visible('\u200b\u2066\u2028\ufeff\u00ad'), '\\u200b\\u2066\\u2028\\ufeff\\u00ad');
    assert.equal(visible('\u{e0041}'), '\\udb40\\udc41');
    assert.equal(visible('\ud800'), '\\ud800');
    assert.equal(visible('naïve 日本 🙂 שלום'), 'naïve 日本 🙂 שלום');
  });

  it('shortens what is long, and says so', () => {
    assert.equal(clip('abcdef', 3), 'abc… (+3 characters)');
    assert.equal(clip('abc', 3), 'abc');
    assert.equal(clip('ab🙂', 3), 'ab… (+2 characters)', 'no half of a pair');
    assert.ok(escapeForPage('\u0000'.repeat(1_000_000)).length < 20_000);
    assert.match(escapeForPage('x'.repeat(1_000_000)), /\(\+998,000 characters\)$/);
  });

  it('leaves exact text whole and readable by a machine', () => {
    assert.equal(escapeForPage(new Exact('\u202e"')), '\u202e&quot;');
    const document = { name: '\u202e\u0000\u{e0041}\n', long: 'x'.repeat(5000) };
    const { text } = visibleJson(document);
    assert.doesNotMatch(text, /[\u202e\u{e0041}]/u);
    assert.deepEqual(JSON.parse(text), document);
  });

  it('shows times in UTC, and what is none as it is', () => {
    assert.equal(shownTime('2026-11-22T13:37:35.877428Z'), '2026-11-22 13:37:35');
    assert.equal(shownTime('2026-11-22T14:37:35+01:00'), '2026-11-22 13:37:35');
    assert.equal(shownExactTime('2026-11-22T13:37:35.877428Z'), '2026-11-22 13:37:35.877428');
    assert.equal(shownTime('yesterday'), 'yesterday');
    assert.equal(shownTime(undefined), '');
  });
});
