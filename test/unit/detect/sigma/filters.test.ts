import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainEvent } from '../../../../src/detect/sigma/event.ts';
import { parseRules } from '../../../../src/detect/sigma/parse.ts';

const rule = (name: string, logsource = '{product: kubernetes, service: audit}') =>
  `title: Rule ${name}\nid: id-${name}\nname: ${name}\nlogsource: ${logsource}\ndetection:\n  selection: {verb: create}\n  other: {verb: ${name}}\n  condition: [selection, other]\n`;

const filter = (body: string, logsource = '{product: kubernetes, service: audit}') =>
  `title: Filter\nid: filter-id\nlogsource: ${logsource}\nfilter: ${body}\n`;

const parse = (...documents: string[]) =>
  parseRules([{ name: 'test.yml', text: documents.join('---\n') }], new Map([['nobody', []]]));

const ADMINS = 'selection: {user.username|startswith: adm_}, condition: not selection';

/** Names of the rules that an event of a user matches. */
function matching({ rules }: ReturnType<typeof parse>, username: string, verb = 'create'): string[] {
  const event = plainEvent({ verb, user: { username } });
  return rules.filter(({ matches }) => matches(event)).map(({ name }) => name!);
}

test('a filter is added with AND to every condition of the rules that it names, by id or name', () => {
  const set = parse(rule('a'), filter(`{rules: [id-a, B], ${ADMINS}}`), rule('b'), rule('c'));
  assert.deepEqual(set.problems, []);
  assert.deepEqual(set.warnings, []);
  assert.deepEqual(matching(set, 'bob'), ['a', 'b', 'c']);
  assert.deepEqual(matching(set, 'adm_bob'), ['c']);
  assert.deepEqual(matching(set, 'adm_bob', 'a'), []);
  assert.deepEqual(matching(set, 'bob', 'a'), ['a']);
});

test('one rule may stand without a list; "any" is every rule of the log source', () => {
  assert.deepEqual(matching(parse(rule('a'), filter(`{rules: a, ${ADMINS}}`)), 'adm_x'), []);
  const any = parse(filter(`{rules: any, ${ADMINS}}`), rule('a'), rule('b'), rule('c', '{product: windows}'));
  assert.deepEqual(any.problems, []);
  assert.deepEqual(matching(any, 'adm_x'), []);
  assert.deepEqual(matching(any, 'x'), ['a', 'b']);
});

test('filters of one rule add up; their search identifiers are their own', () => {
  const set = parse(
    rule('a'),
    filter(`{rules: [a], ${ADMINS}}`),
    filter(
      '{rules: [a], other: {user.username: eve}, more: {user.username: joe}, condition: not 1 of them}',
    ).replace('filter-id', 'filter-2'),
  );
  assert.deepEqual(set.problems, []);
  for (const name of ['adm_x', 'eve', 'joe']) assert.deepEqual(matching(set, name), []);
  assert.deepEqual(matching(set, 'bob'), ['a']);
});

test('a filter may only narrow, and says so', () => {
  const set = parse(rule('a'), filter('{rules: [a], selection: {user.username: bob}, condition: selection}'));
  assert.deepEqual(matching(set, 'bob'), ['a']);
  assert.deepEqual(matching(set, 'eve'), []);
  assert.match(set.warnings[0]!.message, /^narrows its rules to what its condition matches/);
});

test('a filter concerns rules of its log source only', () => {
  const narrow = '{category: application, product: kubernetes, service: audit}';
  const set = parse(rule('a'), rule('b', narrow), filter(`{rules: [a, b], ${ADMINS}}`, narrow));
  assert.deepEqual(matching(set, 'adm_x'), ['a']);
  assert.deepEqual(
    set.warnings.map(({ rule, where, message }) => [rule, where, message]),
    [['filter-id', 'test.yml:21:1', 'does not concern the rule "Rule a": its log source is another.']],
  );
  const wide = parse(rule('a', '{product: kubernetes}'), filter(`{rules: [a], ${ADMINS}}`));
  assert.deepEqual(matching(wide, 'adm_x'), []);
});

test('a filter whose list is empty is off, and its rules are not', () => {
  const set = parse(
    rule('a'),
    filter('{rules: [a], selection: {user.username|expand: "%nobody%"}, condition: not selection}'),
  );
  assert.deepEqual(matching(set, 'bob'), ['a']);
  assert.match(set.warnings[0]!.message, /^is switched off: its list "nobody" is empty/);
});

test('what a filter cannot be is refused', () => {
  const correlation =
    'title: C\nname: counted\ncorrelation: {type: event_count, rules: [a], timespan: 1m, condition: {gte: 2}}\n';
  const table: readonly [documents: string[], ...problems: string[]][] = [
    [
      [rule('aaa'), filter(`{rules: [aab], ${ADMINS}}`)],
      'RULE_REFERENCE_UNKNOWN test.yml:13:18: No rule has the id or name "aab". Did you mean "aaa"?',
    ],
    [
      [rule('a'), correlation, filter(`{rules: [counted], ${ADMINS}}`)],
      'RULE_REFERENCE_UNKNOWN test.yml:17:18: "counted" is a correlation. Name the rules that it refers to.',
    ],
    [
      [rule('a').replace('create}', 'create'), filter(`{rules: [a], ${ADMINS}}`)],
      'RULE_NOT_YAML',
      'RULE_REFERENCE_UNKNOWN test.yml:13:18: No rule has the id or name "a".',
    ],
    [
      [rule('a').replace('verb: create', 'verb|x: create'), filter(`{rules: [a], ${ADMINS}}`)],
      'RULE_INVALID test.yml:6:15: "x" is not a modifier of Sigma.',
      'RULE_REFERENCE_UNKNOWN test.yml:13:18: The rule "a" was refused; its own problem is named apart.',
    ],
    [
      [filter('{rules: [], selection: {verb: get}, condition: selection}')],
      'RULE_INVALID test.yml:4:10: "rules": expected a list of ids or names of rules, found a list.',
    ],
    [
      [filter('{selection: {verb: get}, condition: selection}')],
      'RULE_INVALID test.yml:4:1: "rules": expected a list of ids or names of rules, found nothing.',
    ],
    [
      [rule('a'), filter('{rules: [a], selection: {verb: get}}')],
      'RULE_INVALID test.yml:13:1: The required attribute "condition" is missing from "filter".',
    ],
    [
      [rule('a'), filter('{rules: [a], selection: {verb: get}, condition: [selection]}')],
      'RULE_INVALID test.yml:13:58: "condition": expected a text, found a list.',
    ],
    [
      [rule('a'), filter('{rules: [a], condition: not selection}')],
      'RULE_INVALID test.yml:13:37: "selection" is not a search identifier of this rule.',
    ],
    [
      [filter('selection')],
      'RULE_INVALID test.yml:4:1: "filter": expected a map of search identifiers and a condition, found "selection".',
    ],
    [
      ['title: a\nfilter: {rules: any, a: {verb: get}, condition: not a}\n'],
      'RULE_INVALID test.yml:1:1: The required attribute "logsource" is missing.',
    ],
    [
      [rule('a'), filter(`{rules: [a], ${ADMINS}}`), filter(`{rules: [a], ${ADMINS}}`)],
      'RULE_DUPLICATE_ID test.yml:16:5: The id "filter-id" is also that of the rule at test.yml:10:1.',
    ],
  ];
  for (const [documents, ...problems] of table) {
    const found = parse(...documents).problems.map(({ code, where, message }) =>
      code === 'RULE_NOT_YAML' ? code : `${code} ${where}: ${message}`,
    );
    assert.deepEqual(found, problems);
  }
});

test('nothing refers to a filter', () => {
  const set = parse(
    rule('a'),
    filter(`{rules: [a], ${ADMINS}}`).replace('title: Filter', 'title: Filter\nname: filtered'),
    'title: C\ncorrelation: {type: event_count, rules: [filtered], timespan: 1m, condition: {gte: 2}}\n',
  );
  assert.match(set.problems[0]!.message, /^No rule has the id or name "filtered"/);
});
