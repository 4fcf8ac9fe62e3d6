import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { after } from 'node:test';
import { GatewatchError } from '../../../src/errors.ts';
import { LIST_VALUE_CHARACTERS_MAX, LIST_VALUES_MAX } from '../../../src/rules/lists/limits.ts';
import { readLists } from '../../../src/rules/lists/read.ts';
import { loadRules, readRules, shippedRules } from '../../../src/rules/load.ts';
import { runRuleTests } from '../../../src/rules/tests.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatewatch-lists-'));
after(() => rmSync(folder, { recursive: true }));

function write(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

async function valuesOf(file: string, text: string): Promise<readonly string[]> {
  return (await readLists([], { list: write(file, text) })).get('list')!;
}

test('the formats that lists are published in', async () => {
  const table: readonly [file: string, text: string, values: readonly string[]][] = [
    [
      'a.txt',
      '\ufeff# title\r\n10.0.0.1\r\n\r\n; note\r\n10.0.0.2 # why\r\n10.0.0.1\r\n',
      ['10.0.0.1', '10.0.0.2'],
    ],
    ['b.netset', '#\n# firehol_level1\n#\n0.0.0.0/8\n1.10.16.0/20\n', ['0.0.0.0/8', '1.10.16.0/20']],
    ['c.txt', '; Spamhaus DROP List\n1.10.16.0/20 ; SBL256894\n', ['1.10.16.0/20']],
    ['d.txt', '# Keep#me\na#b;c\noidc:x y\n', ['a#b;c', 'oidc:x y']],
    [
      'exit-addresses.txt',
      'ExitNode 0011BD2485AD45D984EC4159C88FC066E5E3300E\nPublished 2026-11-21 01:02:03\nLastStatus 2026-11-21 02:00:00\nExitAddress 162.247.74.201 2026-11-21 02:10:21\nExitNode 0020D7A2FF6AD2BC2B4C80C0D7A9E5C1B5E1D6F0\nExitAddress 198.51.100.4 2026-11-21 02:10:22\nExitAddress 198.51.100.5 2026-11-21 02:10:22\n',
      ['162.247.74.201', '198.51.100.4', '198.51.100.5'],
    ],
    ['e.txt', '198.51.100.4\nExitAddress 1.2.3.4\n', ['198.51.100.4', 'ExitAddress 1.2.3.4']],
    [
      'drop.json',
      '{"cidr":"1.10.16.0/20","sblid":"SBL256894","rir":"apnic"}\n{"cidr":"2a06:e480::/29"}\n{"type":"metadata","records":2}\n',
      ['1.10.16.0/20', '2a06:e480::/29'],
    ],
    ['f.json', '["a", "b", 7]', ['a', 'b', '7']],
    [
      'g.json',
      '\n[\n{"ip_address": "192.0.2.1", "port": 443},\n{"ip_address": "192.0.2.2"}]',
      ['192.0.2.1', '192.0.2.2'],
    ],
    [
      'feodo.csv',
      '# abuse.ch\n"first_seen_utc","dst_ip","dst_port"\n"2026-01-01 00:00:00","192.0.2.9","443"\n# END (1) entries\n',
      ['192.0.2.9'],
    ],
    ['ssl.csv', '# abuse.ch\n# Firstseen,DstIP,DstPort\n2026-01-01 00:00:00,192.0.2.9,443\n', ['192.0.2.9']],
    ['h.csv', '192.0.2.1,one\n192.0.2.2,"two, ""quoted"""\n', ['192.0.2.1', '192.0.2.2']],
    ['i.csv', 'name,value\nx,"a, b"\ny, c \n', ['a, b', 'c']],
    ['j.csv', '', []],
    ['k.txt', '# nothing yet\n', []],
    ['l.json', '', []],
  ];
  for (const [file, text, values] of table) assert.deepEqual(await valuesOf(file, text), values, file);
});

test('a fault is named with its line', async () => {
  const table: readonly [file: string, text: string, message: RegExp][] = [
    ['a.csv', '192.0.2.1,"x\n', /a\.csv:1: A quotation mark is not closed\./],
    ['b.csv', 'a,value\n1,2\n3\n', /b\.csv:3: Expected at least 2 columns\./],
    ['c.json', '{"cidr":"1.2.3.0/24"}\n{"cidr":\n', /c\.json:2: Not JSON/],
    ['d.json', '[1,\n', /d\.json:1: Not JSON/],
    ['e.json', '[[1]]', /e\.json:1: Expected an array/],
    ['f.json', '{"port":1}', /f\.json:1: An object has no text under "value"/],
    ['g.txt', `a\n${'x'.repeat(LIST_VALUE_CHARACTERS_MAX + 1)}\n`, /g\.txt:2: A value is longer than/],
    [
      'h.txt',
      Array.from({ length: LIST_VALUES_MAX + 1 }, (_, index) => index).join('\n'),
      new RegExp(`h\\.txt:${LIST_VALUES_MAX + 1}: The list has more than`),
    ],
    ['i.yaml', 'a\n', /i\.yaml:1: The name of a list ends in \.txt/],
  ];
  for (const [file, text, message] of table) {
    await assert.rejects(valuesOf(file, text), (error) => {
      assert.ok(error instanceof GatewatchError && error.code === 'LIST_INVALID');
      assert.match(error.explain(), message);
      return true;
    });
  }
  await assert.rejects(readLists([], { list: join(folder, 'missing.txt') }), { code: 'FILE_UNREADABLE' });
});

test('lists lie in folders of that name; named ones come last', async () => {
  write('rules/a.yml', '');
  write('rules/lists/one.txt', '1\n');
  write('rules/topic/lists/two.ipset', '2\n');
  write('rules/topic/three.txt', '3\n');
  write('rules/lists/README.md', 'x\n');
  write('more/lists/one.txt', '11\n');
  const rules = join(folder, 'rules');
  assert.deepEqual(Object.fromEntries(await readLists([rules], {})), { one: ['1'], two: ['2'] });
  assert.deepEqual(Object.fromEntries(await readLists([join(rules, 'a.yml')], {})), { one: ['1'] });
  const both = await readLists([rules, join(folder, 'more')], {});
  assert.deepEqual(both.get('one'), ['11']);
  const named = await readLists([rules], { one: write('named.txt', '111\n') });
  assert.deepEqual(named.get('one'), ['111']);
  write('rules/lists/one.csv', '1\n');
  await assert.rejects(readLists([rules], {}), {
    code: 'LIST_INVALID',
    message: /The list "one" is also in/,
  });
  write('odd/lists/drop-v4.txt', '1\n');
  await assert.rejects(readLists([join(folder, 'odd')], {}), { code: 'LIST_INVALID' });
});

test('the shipped lists are declared for every rule, and empty but for those that hold a default', async () => {
  const { lists } = await readRules({ rules: [join(shippedRules(), 'workload')] });
  assert.deepEqual([...lists.keys()].toSorted(), [
    'allowed_namespaces',
    'allowed_nodes',
    'allowed_registries',
    'allowed_users',
    'bootstrap_users',
    'cloud_control_plane',
    'full_admin_users',
    'policy_engine_names',
    'policy_engine_namespaces',
    'proxy_addresses',
    'role_keepers',
    'scripting_clients',
    'threat_addresses',
    'tor_addresses',
    'watched_addresses',
    'watched_namespaces',
    'webhook_keepers',
  ]);
  assert.deepEqual(
    [...lists].filter(([, values]) => values.length > 0).map(([name]) => name),
    [
      'bootstrap_users',
      'cloud_control_plane',
      'policy_engine_names',
      'policy_engine_namespaces',
      'role_keepers',
      'scripting_clients',
      'watched_namespaces',
      'webhook_keepers',
    ],
  );
  assert.deepEqual(lists.get('watched_namespaces'), ['default']);
});

test('a rule is loaded with the list that the configuration names', async () => {
  const rule = write(
    'own/users.yml',
    'title: a\nlogsource: {product: kubernetes}\ndetection:\n  a: {user.username|expand: "%allowed_users%"}\n  condition: not a\n',
  );
  assert.equal((await loadRules({ rules: [rule] })).set.rules[0]!.applies, false);
  const loaded = await loadRules({ rules: [rule], lists: { allowed_users: write('users.txt', 'alice\n') } });
  assert.equal(loaded.set.rules[0]!.applies, true);
});

test('the tests beside a rule may fill its lists', async () => {
  const rule = write(
    'tested/users.yml',
    'title: a\nlogsource: {product: kubernetes}\ndetection:\n  a: {user.username|expand: "%allowed_users%"}\n  condition: not a\n',
  );
  const event = (username: string) =>
    `{kind: Event, auditID: a, verb: get, stage: ResponseComplete, user: {username: ${username}}}`;
  write(
    'tested/users.tests.yml',
    `lists: {allowed_users: [alice]}\ntests:\n  - {name: b, expect: match, events: [${event('bob')}]}\n  - {name: a, expect: no match, events: [${event('alice')}]}\n`,
  );
  const rules = await loadRules({ rules: [rule] });
  assert.deepEqual(
    (await runRuleTests(rules, [{ path: rule, name: rules.sources.files[0]!.name }])).map(
      ({ failure }) => failure,
    ),
    [undefined, undefined],
  );
});
