import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { ERRORS } from '../../../src/errors.ts';
import { gatewatch } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatewatch-rules-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const HEAD = 'logsource: {product: kubernetes}\ndetection:\n  a: {verb: get}\n  condition: a\n';

test('rules check names every problem with place and remedy', async () => {
  const file = write(
    'bad.yml',
    [
      `title: [\n`,
      `title: One\n${HEAD.replace('verb:', 'verb|re:').replace('get', "'a(b'")}`,
      `title: Two\n${HEAD.replace('verb:', 'verb|expand:').replace('get', '"%allowed_user%"')}`,
      `title: Three\n${HEAD.replace('condition: a', 'condition: b')}`,
      `title: Four\n${HEAD}gatewatch: {supress: 1h}\n`,
      `title: Five\n${HEAD}taxonomy: mine\n`,
      `title: Six\nid: x\n${HEAD}`,
      `title: Seven\nid: x\n${HEAD}`,
      'title: Eight\ncorrelation: {type: event_count, rules: [y], timespan: 1m, condition: {gte: 2}}\n',
    ].join('---\n'),
  );
  const { code, stdout } = await gatewatch('rules', 'check', file);
  assert.equal(code, 1);
  const problems = stdout.split('\n').filter((line) => /^[A-Z]+_/.test(line));
  assert.deepEqual(
    problems.map((line) => line.split(' ')[0]),
    [
      'RULE_NOT_YAML',
      'RULE_REGEX_INVALID',
      'RULE_LIST_UNKNOWN',
      'RULE_INVALID',
      'RULE_UNSUPPORTED',
      'RULE_DUPLICATE_ID',
      'RULE_REFERENCE_UNKNOWN',
      'RULE_INVALID',
    ],
  );
  for (const line of problems) {
    assert.match(line, /^[A-Z_]+ \S+bad\.yml:\d+:\d+ \S/);
    const { remedy } = ERRORS[line.split(' ')[0] as keyof typeof ERRORS];
    assert.ok(line.endsWith(remedy), line);
  }
  assert.match(stdout, /\n1 files: .* 8 problems, 0 warnings\.\n$/);
});

test('rules list gives all that rules say, own attributes too', async () => {
  const file = write(
    'good.yml',
    `title: One\nid: one\nname: first\nlevel: high\ntags: [gatewatch.ac08, attack.t1611]\nowner: {team: us}\n${HEAD}---\ntitle: Two\nid: two\ncorrelation: {type: event_count, rules: [one], group-by: [who], aliases: {who: {one: user.username}}, timespan: 1m, condition: {gte: 2}}\n`,
  );
  const [text, json, ndjson] = await Promise.all(
    ['text', 'json', 'ndjson'].map((format) => gatewatch('rules', 'list', '--format', format, file)),
  );
  assert.match(text!.stdout, /^high {10}AC08 {2}part of a sequence One \(\S+good\.yml\)\n/);
  const entries = JSON.parse(json!.stdout);
  assert.deepEqual(
    ndjson!.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    entries,
  );
  const [one, two] = entries;
  const { id, name, title, level, kind, detections, tags, alerts, off, custom, where, fields } = one;
  assert.deepEqual(
    { id, name, title, level, kind, detections, tags, alerts, off, custom, fields },
    {
      id: 'one',
      name: 'first',
      title: 'One',
      level: 'high',
      kind: 'rule',
      detections: ['AC08'],
      tags: ['gatewatch.ac08', 'attack.t1611'],
      alerts: false,
      off: false,
      custom: { owner: { team: 'us' } },
      fields: [],
    },
  );
  assert.match(where, /good\.yml:1:1$/);
  assert.equal(two.kind, 'event_count');
  assert.deepEqual(two.aliases, { who: { one: 'user.username' } });
  assert.equal((await gatewatch('rules', 'list', '--format', 'xml', file)).code, 2);
});

const EVENTS = [
  {
    verb: 'get',
    stage: 'ResponseComplete',
    objectRef: { resource: 'secrets', namespace: 'dev' },
    requestURI: '/x',
  },
  {
    verb: 'get',
    stage: 'ResponseComplete',
    objectRef: { resource: 'pods' },
    user: { username: 'alice' },
    requestURI: '/x',
  },
].map((event) => JSON.stringify(event));

test('rules check --against tells which fields of the rules events have, and which never', async () => {
  const selection =
    '{verb: get, objectRef.resource: secrets, user.username: alice, apiGroup: null, userAgent|fieldref: requestURI}';
  const rules = write(
    'against.yml',
    `title: One\nid: one\nlogsource: {product: kubernetes}\ndetection:\n  a: ${selection}\n  condition: a\n---\ntitle: Two\nid: two\n${HEAD.replace('get', 'patch')}---\ntitle: Three\nid: three\n${HEAD}`,
  );
  const events = write('events.ndjson', `${EVENTS.join('\n')}\nnonsense\n{"verb":7}\n`);
  const { code, stdout } = await gatewatch('rules', 'check', rules, '--against', events);
  assert.equal(code, 0);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(/\S+\/against\.yml/g, 'against.yml'));
  assert.deepEqual(lines, [
    'mapped against.yml:5:69 "apiGroup" is read as objectRef.apiGroup: mapping "sigma-hq" (rules/mappings/sigma-hq.yml).',
    'seen against.yml:1:1 concerns 0, matches 0: verb 2, objectRef.resource 2, user.username 1, objectRef.apiGroup 0, userAgent 0, requestURI 2',
    'seen against.yml:8:1 concerns 0, matches 0: verb 2',
    'seen against.yml:15:1 concerns 2, matches 2: verb 2',
    'warning against.yml:1:1 concerns no event: none has what it asks of verb, resource and the like.',
    'warning against.yml:1:1 asks for what no event has: objectRef.apiGroup, userAgent.',
    'warning against.yml:8:1 concerns no event: none has what it asks of verb, resource and the like.',
    '2 events, 2 that are none.',
    '1 files: 3 rules and 0 correlations, 0 problems, 3 warnings.',
  ]);
  const json = JSON.parse(
    (await gatewatch('rules', 'check', rules, '--format', 'json', '--against', events)).stdout,
  );
  assert.deepEqual(
    [json.rules, json.problems.length, json.warnings.length, json.mapped.length],
    [3, 0, 3, 1],
  );
  assert.deepEqual([json.against.events, json.against.refused], [2, 2]);
  assert.equal(json.against.rules[0].rule.id, 'one');
  assert.deepEqual(json.against.rules[2].fields, { verb: 2 });
  const absent = await gatewatch('rules', 'check', rules, '--against', join(folder, 'absent'));
  assert.match(absent.stderr, /FILE_UNREADABLE/);
});
