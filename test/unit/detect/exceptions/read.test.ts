import assert from 'node:assert/strict';
import test from 'node:test';
import type { ExceptionSet } from '../../../../src/detect/exceptions/model.ts';
import { parseExceptions } from '../../../../src/detect/exceptions/parse.ts';
import { parseRules } from '../../../../src/detect/sigma/parse.ts';

const rule = (name: string, more = '') => `title: Rule ${name}
id: id-${name}
name: ${name}
logsource: {product: kubernetes, service: audit}
detection: {any: {verb: get}, condition: any}
${more}`;

const RULES = [
  rule('pods', 'tags: [gatewatch.pw01]\n'),
  rule('nodes', 'tags: [gatewatch.pw01]\n'),
  rule('part'),
  `title: Above
name: above
correlation: {type: event_count, rules: [part], group-by: [user.username], timespan: 1m, condition: {gte: 2}}
`,
  `title: Top
name: top
correlation: {type: event_count, rules: [above], group-by: [user.username], timespan: 1m, condition: {gte: 2}}
`,
].join('---\n');

const lists = new Map([
  ['accounts', ['alice']],
  ['nobody', []],
]);
const set = parseRules([{ name: 'rules.yml', text: RULES }], lists);

const parse = (text: string): ExceptionSet =>
  parseExceptions([{ name: 'e.yml', text }], set, { lists, mappings: [] });

const WHOLE = {
  title: 'Of the backup',
  id: 'e1',
  owner: 'platform',
  reason: 'TICKET-1',
  rules: '[pods]',
  date: '2026-11-30',
  expires: '2027-03-01',
  detection: '{who: {user.username: alice}, condition: who}',
};

/** The text of an exception; an attribute without a value is left out. */
const written = (changes: Readonly<Record<string, string | undefined>> = {}): string =>
  Object.entries({ ...WHOLE, ...changes })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('');

test('a whole exception', () => {
  assert.equal(set.problems.length, 0);
  const { exceptions, problems, warnings } = parse(written());
  assert.deepEqual([problems, warnings], [[], []]);
  const { matches, ...said } = exceptions[0]!;
  assert.deepEqual(said, {
    id: 'e1',
    title: 'Of the backup',
    owner: 'platform',
    reason: 'TICKET-1',
    rules: ['pods'],
    targets: new Set(['id-pods']),
    expires: Date.UTC(2027, 2, 1) * 1000,
    where: 'e.yml:1:1',
  });
});

test('rules are named by name, id or detection id, in any case, correlations too; `any` is all that give alerts', () => {
  const targetsOf = (rules: string) => [...parse(written({ rules })).exceptions[0]!.targets].sort();
  assert.deepEqual(targetsOf('[PODS]'), ['id-pods']);
  assert.deepEqual(targetsOf('id-nodes'), ['id-nodes']);
  assert.deepEqual(targetsOf('[pw01]'), ['id-nodes', 'id-pods']);
  const top = set.correlations.find(({ name }) => name === 'top')!.id;
  assert.deepEqual(targetsOf('[top]'), [top]);
  assert.deepEqual(targetsOf('any'), ['id-nodes', 'id-pods', top].sort());
});

test('a period is counted from `from`, else from `date`, and lasts 366 days at most', () => {
  const problemsOf = (changes: Parameters<typeof written>[0]) =>
    parse(written(changes)).problems.map(({ message }) => message);
  assert.deepEqual(problemsOf({ expires: '2027-12-01' }), []);
  assert.deepEqual(problemsOf({ expires: '2027-12-01T00:00:00.000001Z' }), [
    '"expires" is more than 366 days after "date"; 2027-12-01 is the last day possible.',
  ]);
  assert.deepEqual(problemsOf({ from: '2026-12-01T10:00:00+02:00', expires: '2027-12-02' }), []);
  assert.deepEqual(problemsOf({ from: '2026-12-01', date: undefined, expires: '2026-12-01' }), [
    '"expires" does not come after "from".',
  ]);
  const [exception] = parse(written({ from: '2026-12-01' })).exceptions;
  assert.equal(exception!.from, Date.UTC(2026, 11, 1) * 1000);
});

test('every fault has its place, its code and says what is expected', () => {
  const faults: readonly [changes: Parameters<typeof written>[0], said: string][] = [
    [{ title: undefined }, 'EXCEPTION_INVALID e.yml:1:1 The required attribute "title" is missing.'],
    [{ id: undefined }, 'EXCEPTION_INVALID e.yml:1:1 The required attribute "id" is missing.'],
    [{ owner: '' }, 'EXCEPTION_INVALID e.yml:3:1 The required attribute "owner" is missing.'],
    [{ reason: '" "' }, 'EXCEPTION_INVALID e.yml:4:1 The required attribute "reason" is missing.'],
    [{ expires: '""' }, 'EXCEPTION_INVALID e.yml:7:1 The required attribute "expires" is missing.'],
    [
      { owner: 'x'.repeat(257) },
      'EXCEPTION_INVALID e.yml:3:1 "owner": expected a text of at most 256 characters',
    ],
    [
      { reason: '7' },
      'EXCEPTION_INVALID e.yml:4:1 "reason": expected a text of at most 4096 characters, found the number 7.',
    ],
    [{ rules: undefined }, 'EXCEPTION_INVALID e.yml:1:1 The required attribute "rules" is missing.'],
    [{ rules: '[1]' }, 'EXCEPTION_INVALID e.yml:5:1 "rules": expected a list of texts, found a list.'],
    [
      { rules: '[]' },
      'EXCEPTION_INVALID e.yml:5:1 "rules": expected names, ids or detection ids of rules and correlations, or "any", found a list.',
    ],
    [{ rules: '[pods, any]' }, 'EXCEPTION_INVALID e.yml:5:15 "any" stands alone, in the place of the list.'],
    [
      { rules: '[pods, pod]' },
      'RULE_REFERENCE_UNKNOWN e.yml:5:15 No rule has the name, id or detection id "pod". Did you mean "pods"?',
    ],
    [
      { rules: 'part' },
      'EXCEPTION_INVALID e.yml:5:1 "part" gives no alert of its own. Name the correlation that does: top.',
    ],
    [
      { rules: 'any', detection: undefined },
      'EXCEPTION_INVALID e.yml:5:1 Without "detection" it would except everything: say of which events it takes matches.',
    ],
    [{ expires: undefined }, 'EXCEPTION_INVALID e.yml:1:1 The required attribute "expires" is missing.'],
    [
      { expires: '2027-02-30' },
      'EXCEPTION_INVALID e.yml:7:1 "expires": expected a date (2027-03-01) or a timestamp (2027-03-01T12:00:00Z), found "2027-02-30".',
    ],
    [
      { date: undefined },
      'EXCEPTION_INVALID e.yml:6:1 State "date" (when it was decided) or "from" (when it begins): it may last 366 days from there.',
    ],
    [
      { expires: undefined, expiry: '2027-03-01' },
      'EXCEPTION_INVALID e.yml:8:1 An exception has no attribute "expiry". Did you mean "expires"?',
    ],
    [
      { detection: '{who: {user.username|contain: a}, condition: who}' },
      'RULE_INVALID e.yml:8:19 "contain" is not a modifier of Sigma. Did you mean "contains"?',
    ],
    [
      { detection: '{who: {user.username: a}}' },
      'RULE_INVALID e.yml:8:1 The required attribute "condition" is missing from "detection".',
    ],
    [
      { detection: '{who: {user.username|expand: "%account%"}, condition: who}' },
      'RULE_LIST_UNKNOWN e.yml:8:41',
    ],
    [{ title: '[' }, 'RULE_NOT_YAML e.yml:2:1'],
  ];
  for (const [changes, said] of faults) {
    const { problems, exceptions } = parse(written(changes));
    const told = problems.map(({ code, where, message }) => `${code} ${where} ${message}`);
    assert.ok(told[0]?.startsWith(said), `${told[0]}\n${said}`);
    assert.deepEqual(exceptions, []);
  }
});

test('one that is wrong leaves the others alone; an id is given once', () => {
  const { exceptions, problems } = parse(
    [
      written(),
      written({ title: 'Second' }),
      written({ id: 'e2', owner: undefined }),
      written({ id: 'e3' }),
    ].join('---\n'),
  );
  assert.deepEqual(
    exceptions.map(({ id, title }) => `${id} ${title}`),
    ['e1 Of the backup', 'e3 Of the backup'],
  );
  assert.deepEqual(
    problems.map(({ where, message }) => `${where} ${message}`),
    [
      'e.yml:11:5 The id "e1" is also that of the exception at e.yml:1:1.',
      'e.yml:19:1 The required attribute "owner" is missing.',
    ],
  );
});

test('it is warned of what takes everything, and of what cannot be meant', () => {
  const warningsOf = (detection: string | undefined) =>
    parse(written({ detection })).warnings.map(({ rule, where, message }) => `${rule} ${where} ${message}`);
  assert.deepEqual(warningsOf(undefined), [
    'e1 e.yml:5:1 takes away all matches of its rules, as it has no "detection".',
  ]);
  assert.deepEqual(warningsOf('{who: {user.username: a}, what: {verb: get}, condition: who}'), [
    'e1 e.yml:8:38 The condition does not use "what".',
  ]);
  assert.match(warningsOf('{who: {user.username|expand: "%nobody%"}, condition: who}').join(), /is empty/);
  assert.match(warningsOf('{who: {usr.name: a}, condition: who}').join(), /cannot match a raw audit event/);
});
