import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { plainEvent } from '../../src/detect/sigma/event.ts';
import { plainJson } from '../../src/detect/sigma/spelling.ts';
import { compile, ruleText } from '../unit/detect/sigma/support.ts';
import { RUNS } from './runs.ts';

/** What keywords and the texts of an event are put together of: letters that fold in strange ways, what JSON has to escape, and what numbers look like. */
const pieces = fc.constantFrom(
  ...['a', 'A', 'pass', 'WORD', 'k', '\u212a', 'İ', 'ß', 'Σ', 'é', '😀', ' ', '_', '-', '.', ':', '/', '<'],
  ...[
    '"',
    '\\',
    '\n',
    '\t',
    '\u0000',
    '&',
    'u003c',
    '1',
    '0',
    'e',
    '+',
    'inf',
    'infinity',
    'true',
    'null',
    '__proto__',
  ],
);
const texts = fc.array(pieces, { maxLength: 4 }).map((parts) => parts.join(''));

/** Numbers as JSON may write them. */
const numbers = fc.constantFrom('1.0', '1e2', '1E+2', '-0', '1e999', '-1e999', '0.10', '10');

/** JSON of any shape, some of its characters written as escapes. */
const json = fc.letrec<Record<'value' | 'string' | 'object' | 'list', string>>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    tie('string'),
    numbers,
    fc.constantFrom('true', 'null'),
    tie('object'),
    tie('list'),
  ),
  string: fc
    .tuple(texts, fc.constantFrom('', '', '<', '<', '/', 'a', 's'))
    .map(([text, escaped]) => spelled(text, escaped)),
  object: fc
    .array(fc.tuple(tie('string'), tie('value')), { maxLength: 3 })
    .map((entries) => `{${entries.map((entry) => entry.join(':')).join(',')}}`),
  list: fc.array(tie('value'), { maxLength: 3 }).map((values) => `[${values.join(',')}]`),
}));

/** A text in JSON, one of its characters written as `\/` or `\u….`. */
function spelled(text: string, escaped: string): string {
  const written = JSON.stringify(text);
  if (escaped === '') return written;
  const code = escaped.charCodeAt(0).toString(16).padStart(4, '0');
  return written.replaceAll(escaped, escaped === '/' ? '\\/' : `\\u${code}`);
}

const keywords = fc.array(
  fc
    .tuple(pieces, texts, fc.constantFrom('', '', '?', '*'))
    .map(([first, rest, wildcard]) => first + wildcard + rest),
  { minLength: 1, maxLength: 3 },
);

test('a search for keywords finds the same whether or not it looks at the JSON first', () => {
  let found = 0;
  let spared = 0;
  fc.assert(
    fc.property(keywords, fc.boolean(), fc.boolean(), json.object, (words, all, cased, text) => {
      const modifiers = `${all && words.length > 1 ? '|all' : ''}${cased ? '|cased' : ''}`;
      const selection = modifiers === '' ? words : { [modifiers]: words };
      // JSON is YAML, too, and says how it writes strange texts.
      const rule = compile(ruleText(JSON.stringify({ selection, condition: 'selection' })));
      const event = plainEvent(JSON.parse(text));
      const expected = rule.matches(event);
      let decoded = false;
      const lazy = {
        ...event,
        plainJson: () => plainJson(text),
        keywords: () => {
          decoded = true;
          return event.keywords();
        },
      };
      assert.equal(rule.matches(lazy), expected, `${JSON.stringify(words)} in ${text}`);
      if (expected) found++;
      if (!decoded) spared++;
    }),
    { numRuns: RUNS },
  );
  assert.ok(found > RUNS / 50, `found in ${found} of ${RUNS}`);
  assert.ok(spared > RUNS / 50, `spared in ${spared} of ${RUNS}`);
});
