import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { loadRules, readRuleFiles } from '../../../src/rules/load.ts';
import { runRuleTests } from '../../../src/rules/tests.ts';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/rules.md'), 'utf8');
const blocks = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((found) => found[1]!);

function block(beginning: string): string {
  const found = blocks.find((text) => text.startsWith(beginning));
  assert.ok(found, `no example begins with ${beginning}`);
  return found;
}

test('the examples of docs/rules.md are rules, and the tests of the first pass', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatewatch-rules-'));
  try {
    writeFileSync(join(folder, 'terminal.yml'), block('title: Exec-friendly'));
    writeFileSync(join(folder, 'terminal.tests.yml'), block('base:'));
    writeFileSync(join(folder, 'refused.yml'), block('title: Refused by'));
    writeFileSync(join(folder, 'kinds.yml'), block('title: Five refused'));
    writeFileSync(join(folder, 'chained.yml'), block('title: Many refusals, then'));
    const own = await readRuleFiles([folder]);
    const exceptions = join(folder, 'exceptions.yaml.txt');
    writeFileSync(exceptions, block('title: The backup operator'));
    const rules = await loadRules({ rules: [join(root, 'rules'), folder], exceptions: [exceptions] });
    assert.ok(rules.exceptions[0]!.targets.size > 2);
    assert.deepEqual(
      rules.set.warnings.filter(({ rule }) => !rules.set.off.has(rule)),
      [],
    );
    const results = await runRuleTests(
      rules,
      own.filter(({ path }) => path.endsWith('terminal.yml')),
    );
    assert.equal(results.length, 4);
    assert.deepEqual(
      results.filter(({ failure }) => failure),
      [],
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('every field of Gatewatch that a shipped rule reads is listed', async () => {
  const files = await readRuleFiles([join(root, 'rules')]);
  const used = files.flatMap(({ text }) => text.match(/gatewatch\.[a-z_]+(?:\.[a-z_]+)*/g) ?? []);
  const fields = new Set(used.filter((field) => !/^gatewatch\.[a-z]{2}\d*$/.test(field)));
  assert.ok(fields.size > 10);
  const listed = new Set(page.match(/gatewatch\.[a-z_]+(?:\.[a-z_]+)*/g));
  // Below an object of Kubernetes, of which nothing is named on the page, every field of Kubernetes may be read.
  const entries = [...page.matchAll(/^- ((?:`gatewatch\.[a-z_.]+`(?:, )?)+) \((.*?)\)/gm)];
  const named = entries.flatMap(([, names, type]) =>
    names!.match(/gatewatch[a-z_.]+/g)!.map((name) => ({ name, type })),
  );
  const whole = named.filter(
    ({ name, type }) => type === 'object' && !named.some((other) => other.name.startsWith(`${name}.`)),
  );
  assert.deepEqual(
    [...fields].filter(
      (field) => !listed.has(field) && !whole.some(({ name }) => field.startsWith(`${name}.`)),
    ),
    [],
  );
});
