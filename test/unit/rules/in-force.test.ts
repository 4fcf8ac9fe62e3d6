import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { RulesInForce } from '../../../src/rules/in-force.ts';

const rule = (name: string, verb = 'get', more = '') => `title: Rule ${name}
name: ${name}
logsource: {product: kubernetes, service: audit}
detection:
  selection: {verb: ${verb}}
  condition: selection
${more}`;

const BROKEN = rule('broken').replace('condition: selection', 'condition: nothing');

/** A folder of rules with one in it. */
async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-rules-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'one.yml'), rule('one'));
  return folder;
}

const namesOf = ({ current }: RulesInForce) => current.set.rules.map(({ name }) => name).join();

/** Two looks, since the first only finds that something is being done. */
async function lookTwice(rules: RulesInForce): Promise<string> {
  assert.equal(await rules.look(), 'unchanged');
  return rules.look();
}

test('files that are added, changed and removed are taken when they are still, and only then', async (t) => {
  const folder = await folderOf(t);
  const rules = await RulesInForce.load({ rules: [folder] });
  assert.equal(await lookTwice(rules), 'unchanged');

  await mkdir(join(folder, 'below'));
  await writeFile(join(folder, 'below', 'two.yml'), rule('two'));
  assert.equal(await lookTwice(rules), 'changed');
  assert.equal(namesOf(rules), 'two,one');
  assert.equal(await lookTwice(rules), 'unchanged');

  const { hash } = rules.current;
  await writeFile(join(folder, 'one.yml'), rule('other'));
  assert.equal(await rules.look(), 'unchanged');
  await writeFile(join(folder, 'one.yml'), rule('third'));
  assert.equal(await rules.look(), 'unchanged', 'it is still being written');
  assert.equal(await rules.look(), 'changed');
  assert.equal(namesOf(rules), 'two,third');
  assert.notEqual(rules.current.hash, hash);

  await unlink(join(folder, 'below', 'two.yml'));
  assert.equal(await lookTwice(rules), 'changed');
  assert.equal(namesOf(rules), 'third');
});

test('a file put in place of another, as editors do, is taken; what they leave beside it is not', async (t) => {
  const folder = await folderOf(t);
  const rules = await RulesInForce.load({ rules: [folder] });
  await writeFile(join(folder, '.one.yml.swp'), 'no rule');
  await writeFile(join(folder, '.new.yml'), rule('two'));
  await writeFile(join(folder, 'one.yml~'), 'no rule');
  await rename(join(folder, '.new.yml'), join(folder, 'one.yml'));
  assert.equal(await lookTwice(rules), 'changed');
  assert.equal(namesOf(rules), 'two');
});

test('a file that is only touched, or one of no concern, changes nothing', async (t) => {
  const folder = await folderOf(t);
  const rules = await RulesInForce.load({ rules: [folder] });
  const { current } = rules;
  await utimes(join(folder, 'one.yml'), 1, 1);
  await writeFile(join(folder, 'README.md'), 'Rules');
  assert.equal(await lookTwice(rules), 'unchanged');
  assert.equal(rules.current, current);
});

test('with one rule that is wrong none is taken, all that is wrong is told, and once', async (t) => {
  const folder = await folderOf(t);
  const rules = await RulesInForce.load({ rules: [folder] });
  const { current } = rules;
  await writeFile(join(folder, 'good.yml'), rule('good'));
  await writeFile(join(folder, 'bad.yml'), `${BROKEN}---\n${rule('colour', 'get', 'level: purple')}`);
  assert.equal(await lookTwice(rules), 'refused');
  assert.equal(rules.current, current);
  assert.deepEqual(
    rules.problems.map(({ code, where }) => `${code} ${where?.replace(/.*\//, '')}`),
    ['RULE_INVALID bad.yml:6:14', 'RULE_INVALID bad.yml:14:1'],
  );
  assert.equal(await lookTwice(rules), 'unchanged');
  assert.equal(rules.problems.length, 2, 'it is still wrong');

  await unlink(join(folder, 'bad.yml'));
  assert.equal(await lookTwice(rules), 'changed');
  assert.deepEqual([rules.problems, namesOf(rules)], [[], 'good,one']);

  await writeFile(join(folder, 'bad.yml'), BROKEN);
  assert.equal(await lookTwice(rules), 'refused');
  await unlink(join(folder, 'bad.yml'));
  assert.equal(await lookTwice(rules), 'changed', 'as those in force again');
  assert.deepEqual(rules.problems, []);
});

test('a folder that is gone is refused like a rule that is wrong', async (t) => {
  const folder = await folderOf(t);
  const path = join(folder, 'rules');
  await mkdir(path);
  await writeFile(join(path, 'one.yml'), rule('one'));
  const rules = await RulesInForce.load({ rules: [path] });
  await rm(path, { recursive: true });
  assert.equal(await lookTwice(rules), 'refused');
  assert.equal(rules.problems[0]?.code, 'FILE_UNREADABLE');
  assert.equal(namesOf(rules), 'one');
});

test('a ConfigMap, whose files are links through a folder that is swapped', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-rules-'));
  t.after(() => rm(folder, { recursive: true }));
  /** As the kubelet does it: a new folder, and one link that is renamed over the other. */
  const swap = async (version: string, text: string): Promise<void> => {
    await mkdir(join(folder, `..${version}`));
    await writeFile(join(folder, `..${version}`, 'one.yml'), text);
    await symlink(`..${version}`, join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  await swap('2026_11_01', rule('one'));
  await symlink('..data/one.yml', join(folder, 'one.yml'));
  const rules = await RulesInForce.load({ rules: [folder] });
  assert.equal(namesOf(rules), 'one', 'each file once');
  await swap('2026_11_02', rule('two'));
  assert.equal(await lookTwice(rules), 'changed');
  assert.equal(namesOf(rules), 'two');
});

test('lists count as well: beside the rules, and those that are named', async (t) => {
  const folder = await folderOf(t);
  await mkdir(join(folder, 'lists'));
  const named = join(folder, 'named.txt');
  await writeFile(join(folder, 'lists', 'people.txt'), 'alice\n');
  await writeFile(named, 'bob\n');
  const settings = { rules: [join(folder, 'one.yml')], lists: { others: named } };
  const rules = await RulesInForce.load(settings);
  const valuesOf = (list: string) => rules.current.sources.lists.get(list);
  await writeFile(join(folder, 'lists', 'people.txt'), 'alice\ncarol\n');
  assert.equal(await lookTwice(rules), 'changed');
  assert.deepEqual(valuesOf('people'), ['alice', 'carol']);
  await writeFile(named, 'dave\n');
  assert.equal(await lookTwice(rules), 'changed');
  assert.deepEqual(valuesOf('others'), ['dave']);
});

test('exceptions count as well, and with one that is wrong none of it all is taken', async (t) => {
  const folder = await folderOf(t);
  const exceptions = join(folder, 'exceptions');
  await mkdir(exceptions);
  const rules = await RulesInForce.load({ rules: [join(folder, 'one.yml')], exceptions: [exceptions] });
  const { hash } = rules.current;
  const written = (name: string, more = '') =>
    `title: T\nid: ${name}\nrules: [one]\nowner: o\nreason: r\ndate: 2026-11-01\nexpires: 2026-12-01\n${more}`;
  await writeFile(join(exceptions, 'a.yml'), written('a'));
  assert.equal(await lookTwice(rules), 'changed');
  assert.deepEqual(
    rules.current.exceptions.map(({ id }) => id),
    ['a'],
  );
  assert.notEqual(rules.current.hash, hash);

  await writeFile(join(folder, 'one.yml'), rule('two'));
  await writeFile(join(exceptions, 'b.yml'), written('b', 'expiry: 1\n'));
  assert.equal(await lookTwice(rules), 'refused');
  assert.deepEqual(
    rules.problems.map(({ code, where }) => `${code} ${where?.replace(/.*\//, '')}`),
    ['RULE_REFERENCE_UNKNOWN a.yml:3:9', 'EXCEPTION_INVALID b.yml:8:1'],
  );
  assert.equal(namesOf(rules), 'one');

  await writeFile(join(folder, 'one.yml'), rule('one'));
  await unlink(join(exceptions, 'a.yml'));
  await unlink(join(exceptions, 'b.yml'));
  assert.equal(await lookTwice(rules), 'changed');
  assert.deepEqual([rules.current.exceptions, rules.current.hash], [[], hash]);
});

test('who asks is answered at once', async (t) => {
  const folder = await folderOf(t);
  const rules = await RulesInForce.load({ rules: [folder] });
  await writeFile(join(folder, 'one.yml'), rule('two'));
  const looks = [rules.look(true), rules.look(), rules.look(true)];
  assert.deepEqual(await Promise.all(looks), ['changed', 'unchanged', 'unchanged']);
  await writeFile(join(folder, 'one.yml'), BROKEN);
  assert.deepEqual([await rules.look(true), await rules.look(true)], ['refused', 'refused']);
  assert.equal(await lookTwice(rules), 'unchanged');
});

test('the same rules have the same hash wherever they are, others another', async (t) => {
  const [one, two] = [await folderOf(t), await folderOf(t)];
  const hashOf = async (settings: Parameters<typeof RulesInForce.load>[0]) =>
    (await RulesInForce.load(settings)).current.hash;
  const hash = await hashOf({ rules: [one] });
  assert.match(hash, /^[0-9a-f]{12}$/);
  assert.equal(await hashOf({ rules: [two] }), hash);
  assert.notEqual(await hashOf({ rules: [one], disable: ['one'] }), hash);
  await writeFile(join(two, 'one.yml'), rule('two'));
  assert.notEqual(await hashOf({ rules: [two] }), hash);
});

test('a mapping that is changed is taken, one that is wrong is not', async (t) => {
  const folder = await folderOf(t);
  const mapping = join(folder, 'mappings', 'own.yml');
  const naming = (field: string) =>
    `transformations: [{type: field_name_mapping, mapping: {what: ${field}}}]\n`;
  await mkdir(join(folder, 'mappings'));
  await writeFile(mapping, naming('stage'));
  await writeFile(join(folder, 'one.yml'), rule('one').replace('verb:', 'what:'));
  const rules = await RulesInForce.load({ rules: [folder], mappings: [mapping] });
  const fields = () => rules.current.set.rules[0]!.items.map(({ field }) => field);
  assert.deepEqual(fields(), ['stage']);
  await writeFile(mapping, naming('verb'));
  assert.equal(await lookTwice(rules), 'changed');
  assert.deepEqual(fields(), ['verb']);
  await writeFile(mapping, 'transformations: {}\n');
  assert.equal(await lookTwice(rules), 'refused');
  assert.match(rules.problems[0]!.where!, /own\.yml:1:1$/);
  assert.deepEqual(fields(), ['verb']);
});
