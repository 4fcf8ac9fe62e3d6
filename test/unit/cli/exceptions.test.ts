import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { ERRORS } from '../../../src/errors.ts';
import { gatewatch } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatewatch-exceptions-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const rules = write(
  'rules.yml',
  `title: Anything
name: anything
id: id-of-anything
logsource: {product: kubernetes, service: audit}
detection: {any: {verb|exists: true}, condition: any}
gatewatch: {group-by: [user.username]}
`,
);

/** A day as one writes it. @param from days from today */
const day = (from: number) => new Date(Date.now() + from * 86_400_000).toISOString().slice(0, 10);

const exception = (id: string, date: number, expires: number, more = '') => `title: Exception ${id}
id: ${id}
rules: [anything]
owner: platform
reason: TICKET
date: ${day(date)}
expires: ${day(expires)}
${more}`;

const OF_BOB = 'detection: {who: {user.username: bob}, condition: who}\n';

const run = (...args: readonly string[]) => gatewatch(...args, '--set', `detect.rules=[${rules}]`);

const EVERY_STATE = write(
  'every.yml',
  [
    exception('far', -1, 100, OF_BOB),
    exception('over', -50, -10, OF_BOB),
    exception('soon', -50, 5, OF_BOB),
    exception('later', -1, 60, `from: ${day(30)}\n${OF_BOB}`),
  ].join('---\n'),
);

test('exceptions list tells how each stands, the next to expire first', async () => {
  const { code, stdout } = await run('exceptions', 'list', EVERY_STATE);
  assert.equal(code, 0);
  const lines = stdout.trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => line.replace(/ +/g, ' ').replace(/\(.*[/\\]/, '(')),
    [
      `expired 0 days until ${day(-10)} platform: Exception over [anything] (every.yml:10:1)`,
      `ending 5 days until ${day(5)} platform: Exception soon [anything] (every.yml:19:1)`,
      `not-yet 60 days until ${day(60)} platform: Exception later [anything] (every.yml:28:1)`,
      `active 100 days until ${day(100)} platform: Exception far [anything] (every.yml:1:1)`,
    ],
  );
});

test('exceptions list gives all that exceptions say as JSON, and takes those of the configuration', async () => {
  const { stdout } = await run(
    'exceptions',
    'list',
    '--format',
    'json',
    '--set',
    `detect.exceptions=[${EVERY_STATE}]`,
  );
  const entries = JSON.parse(stdout);
  assert.equal(entries.length, 4);
  const { where, ...said } = entries[2];
  assert.match(where, /every\.yml:28:1$/);
  assert.deepEqual(said, {
    id: 'later',
    title: 'Exception later',
    state: 'not-yet',
    days_left: 60,
    owner: 'platform',
    reason: 'TICKET',
    from: `${day(30)}T00:00:00.000000Z`,
    expires: `${day(60)}T00:00:00.000000Z`,
    rules: ['anything'],
    targets: [{ id: 'id-of-anything', name: 'anything', title: 'Anything' }],
  });
});

test('exceptions list says where exceptions would be, if there are none', async () => {
  const { code, stdout, stderr } = await run('exceptions', 'list');
  assert.deepEqual([code, stdout], [0, '']);
  assert.match(stderr, /detect\.exceptions/);
});

test('exceptions check warns of what is over, ends soon or takes everything, and finds nothing wrong', async () => {
  const file = write('all.yml', exception('all', -1, 100));
  const { code, stdout } = await run('exceptions', 'check', EVERY_STATE, file);
  assert.equal(code, 0);
  assert.deepEqual(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^warning \S*[/\\]/, '')),
    [
      'all.yml:3:1 takes away all matches of its rules, as it has no "detection".',
      `every.yml:10:1 has expired (${day(-10)}T00:00:00Z) and takes away nothing that happens now. Take it out, or have platform decide anew.`,
      `every.yml:19:1 expires in 5 days (${day(5)}T00:00:00Z). Have platform decide whether it is still needed.`,
      '2 files: 5 exceptions, 0 problems, 3 warnings.',
    ],
  );
});

test('exceptions check names every problem with place and remedy, of rules too', async () => {
  const file = write(
    'bad.yml',
    [
      exception('a', -1, 100).replace('[anything]', '[anythin]'),
      exception('b', -1, 400),
      exception('c', -1, 100, 'detection: {who: {user.username|foo: bob}, condition: who}\n'),
    ].join('---\n'),
  );
  const { code, stdout } = await run('exceptions', 'check', file);
  assert.equal(code, 1);
  const problems = stdout.split('\n').filter((line) => /^[A-Z]+_/.test(line));
  assert.deepEqual(
    problems.map((line) => line.replace(/^(\S+) \S*[/\\](\S+) .*/, '$1 $2')),
    ['RULE_REFERENCE_UNKNOWN bad.yml:3:9', 'EXCEPTION_INVALID bad.yml:15:1', 'RULE_INVALID bad.yml:24:19'],
  );
  for (const line of problems) {
    const { remedy } = ERRORS[line.split(' ')[0] as keyof typeof ERRORS];
    assert.ok(line.endsWith(remedy), line);
  }
  const json = await run('exceptions', 'check', file, '--format', 'json');
  assert.deepEqual([json.code, JSON.parse(json.stdout).problems.length], [1, 3]);

  const wrong = write('wrong-rules.yml', 'title: No rule\n');
  const ofRules = await gatewatch('exceptions', 'check', EVERY_STATE, '--set', `detect.rules=[${wrong}]`);
  assert.equal(ofRules.code, 1);
  assert.match(ofRules.stdout, /^RULE_INVALID .*wrong-rules\.yml:1:1 /);
});

test('with an exception that is wrong nothing starts, and the first fault is told with the command that names all', async () => {
  const file = write('two.yml', `${exception('a', -1, 400)}---\n${exception('b', 3, 2)}`);
  for (const args of [
    ['exceptions', 'list', file],
    ['replay', rules, '--set', `detect.exceptions=[${file}]`],
  ]) {
    const { code, stderr } = await run(...args);
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      /error EXCEPTION_INVALID at \S+two\.yml:7:1: .*\(and 1 more: gatewatch exceptions check\)/,
    );
  }
});

const RECORDING = join(
  import.meta.dirname,
  '../../fixtures/recordings/02h-denied-relabel-succeed-revert.ndjson',
);

test('replay heeds exceptions, shows what they took away, and says how much of it there was', async () => {
  const file = write(
    'bob.yml',
    exception('bob', 0, 1, OF_BOB).replace(
      /date: .*\nexpires: .*\n/,
      'date: 2026-11-01\nexpires: 2026-12-01\n',
    ),
  );
  const excepting = ['--set', `detect.exceptions=[${file}]`];
  const plain = await run('replay', RECORDING);
  const { code, stdout, stderr } = await run('replay', RECORDING, ...excepting);
  assert.equal(code, 0);
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.length, plain.stdout.trimEnd().split('\n').length, 'none is lost');
  const excepted = lines.filter((line) => line.includes(': Excepted (Exception bob; platform): bob '));
  assert.equal(excepted.length, 1);
  assert.match(excepted[0]!, /^\S+ INFORMATIONAL Anything: /);
  const total = Number(/seen (\d+) times/.exec(excepted[0]!)![1]);
  assert.match(
    stderr,
    new RegExp(
      `rejected, ${total} matches excepted \\(Exception bob: ${total}\\): ${lines.length} alerts, 1 of them closed by exceptions\\.`,
    ),
  );

  const signals = (await run('replay', RECORDING, '--signals', ...excepting)).stdout.trimEnd().split('\n');
  const marked = signals.map((line) => JSON.parse(line).gatewatch.exception?.id).filter(Boolean);
  assert.deepEqual([new Set(marked), marked.length], [new Set(['bob']), total]);
  assert.ok(signals.length > total, 'others are as they were');

  const over = write(
    'over.yml',
    exception('bob', 0, 1, OF_BOB).replace(
      /date: .*\nexpires: .*\n/,
      'date: 2026-11-01\nexpires: 2026-11-22\n',
    ),
  );
  const after = await run('replay', RECORDING, '--set', `detect.exceptions=[${over}]`);
  assert.equal(after.stdout, plain.stdout);
  assert.match(after.stderr, / rejected, 0 matches excepted: \d+ alerts\.\n$/);
});

test('commands about rules leave exceptions alone', async () => {
  const file = write('unknown.yml', exception('x', -1, 10).replace('[anything]', '[nothing]'));
  const { code } = await run('rules', 'list', '--set', `detect.exceptions=[${file}]`);
  assert.equal(code, 0);
});
