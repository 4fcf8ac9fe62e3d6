import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { stringify } from 'yaml';
import { plainEvent } from '../../src/detect/sigma/event.ts';
import { parseRules } from '../../src/detect/sigma/parse.ts';
import { growth } from './growth.ts';

/** Longest time for one character of a text, milliseconds; 0.007 are seen of the worst expressions that are taken. */
const CHARACTER_MS_MAX = 0.2;

const CHARACTERS = [5_000, 10_000, 20_000, 40_000];

function parsed(expression: string, flags: string) {
  const detection = { selection: { [`field|re${flags}`]: expression }, condition: 'selection' };
  const text = stringify({ title: 'a', logsource: { product: 'kubernetes' }, detection });
  return parseRules([{ name: 'x.yml', text }]);
}

/** Expressions that take engines with backtracking time without end, and those that compile to very much. */
const TAKEN = [
  ...['(a+)+$', '(a*)*$', '(a|a)*$', '(a|aa)+$', '(a|a?)+$', '(.*)*x$', '(.*a){12}$', '(?:a?){40}a{40}$'],
  ...[
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '(x+x+)+y',
    '([a-zA-Z]+)*$',
    '^(a?b?)*c',
    '\\b(\\w+\\s?)+$',
    '(?:.{0,20}a){20}x',
  ],
  ...['[^a]*[^b]*[^c]*[^d]*$', '.*.*.*.*.*x', '(?:aaa|aab|aba|abb)+$', '(^|a)*$', '(a|b|ab)*bc', 'a{300}b'],
  ...[
    '(?:a|b)*a(?:a|b){300}[xy]',
    '(\\w*a){3}(?:\\w\\w\\w){50}[^ab]$',
    '(?:a|b)*a(?:\\pL){200}[xy]',
    '.*a.{200}x!',
  ],
  Array.from({ length: 120 }, (_, index) => `a${index}b`).join('|'),
];

const REFUSED = [
  ...[
    '((a{0,30}){0,30}){0,30}',
    '(a{1,1000}){1,1000}',
    '(?:(?:a{30}){30}){30}',
    'a{1001}',
    'a{5,3}',
    '(a',
    '[z-a]',
  ],
  ...[
    '(?=a)',
    '(?<!a)b',
    '(a)\\1',
    '(?>a+)b',
    'a++',
    '\\p{Nonsense}',
    'a'.repeat(1025),
    '[a-z]{600}[0-9]{600}',
  ],
];

/** What an expression may ask for in the end, or an engine would see at once that it cannot match. */
const END = ' bcxyX!';

/** Letters in no order that an engine could remember, the same every time. */
function shuffled(count: number): string {
  let seed = 1;
  const letters = Array.from({ length: count }, () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % 2 ? 'a' : 'b';
  });
  return letters.join('');
}

const SUBJECTS: Record<string, (count: number) => string> = {
  'one letter': (count) => 'a'.repeat(count) + END,
  'two letters in no order': (count) => shuffled(count) + END,
  words: (count) => 'aaaa '.repeat(count / 5) + END,
  'letters beyond ASCII': (count) => 'aä\u{1f600}'.repeat(count / 4) + END,
};

suite('regular expressions', () => {
  for (const [name, subject] of Object.entries(SUBJECTS)) {
    test(`take time in proportion to ${name}`, () => {
      for (const expression of TAKEN) {
        for (const flags of ['', '|i|m|s']) {
          const { rules, problems } = parsed(expression, flags);
          assert.deepEqual(problems, [], expression);
          growth((count) => {
            const event = plainEvent({ field: subject(count) });
            return () => {
              const begin = performance.now();
              rules[0]!.matches(event);
              const each = (performance.now() - begin) / count;
              assert.ok(each < CHARACTER_MS_MAX, `${each} ms for a character of ${expression}`);
            };
          }, CHARACTERS);
        }
      }
    });
  }

  test('are refused where they cost too much, or only backtracking could follow them', () => {
    for (const expression of REFUSED) {
      const { problems } = parsed(expression, '');
      assert.deepEqual(
        problems.map(({ code }) => code),
        ['RULE_REGEX_INVALID'],
        expression.slice(0, 100),
      );
      assert.match(problems[0]!.where ?? '', /^x\.yml:\d+:\d+$/);
    }
  });
});
