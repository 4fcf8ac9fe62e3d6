import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseUntrusted } from '../../../src/record/untrusted-json.ts';

/** A text that holds a field under a name which another one spells with an escape, and the same field so spelled. */
function spelledLike(field: string, before: string): { lure: string; text: string } {
  const escaped = `\\u${field.charCodeAt(0).toString(16).padStart(4, '0')}${field.slice(1)}`;
  const name = JSON.stringify(escaped.slice(0, field.length));
  return { lure: `{"${before}":1,${name}:1}`, text: `{"${before}":1,"${escaped}":true}` };
}

test('a key is what it says, whatever key an earlier text had in its place', (t) => {
  let mistaken = 0;
  for (const [index, field] of ['privileged', 'labels', 'hostPID', 'path'].entries()) {
    const { lure, text } = spelledLike(field, `unknown${index}`);
    parseUntrusted(lure);
    if (!Object.hasOwn(JSON.parse(text), field)) mistaken++;
    assert.deepEqual(parseUntrusted(text), { [`unknown${index}`]: 1, [field]: true }, text);
  }
  t.diagnostic(`JSON.parse mistakes ${mistaken} of 4 keys; at 0 parseUntrusted is needed no more`);
});

test('texts are read as JSON.parse reads them', () => {
  for (const text of [
    '{"a\\u0026b" : "c\\"d\\u0026:", "\\u005f_proto__": {"x\\/y":[1, "\\\\u0041\\":"]}}',
    '"\\u0041:"',
    '[]',
    '{"\\ud800":"\\ud800"}',
  ])
    assert.equal(JSON.stringify(parseUntrusted(text)), JSON.stringify(JSON.parse(text)), text);
  for (const text of ['', '{"a', '{"\\u00g0":1}', '{"a\\u0041":1', '{"\\u0041\\":1}', '{"a\n\\u0041":1}'])
    assert.throws(() => parseUntrusted(text), SyntaxError, text);
  assert.deepEqual(
    parseUntrusted('{"\\u0061":1.0}', (key, value, { source }) => (key === 'a' ? source : value)),
    { a: '1.0' },
  );
});

test('many escapes cost no more than in proportion', () => {
  const long = `"${'\\u0041'.repeat(200_000)}"`;
  assert.equal(
    (parseUntrusted(`{${long}:${long}}`) as object)['A'.repeat(200_000) as never],
    'A'.repeat(200_000),
  );
});
