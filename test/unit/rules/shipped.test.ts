import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { threatOf } from '../../../src/correlate/attack.ts';
import { ruleOptions } from '../../../src/detect/rule-options.ts';
import { parseRules } from '../../../src/detect/sigma/parse.ts';
import { loadRules, readRules } from '../../../src/rules/load.ts';
import { EVERY_RULE } from '../../../src/rules/selection.ts';
import { runRuleTests } from '../../../src/rules/tests.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const DETECTION_TAG = /^gatewatch\.[a-z]{2}\d{2}$/;

const RULES = join(import.meta.dirname, '../../../rules');

const { files, lists } = await readRules({ rules: [RULES] });
/** As where every list that is shipped empty has been filled. */
const filled = new Map(
  [...lists].map(([name, values]) => [name, values.length > 0 ? values : ['192.0.2.1']]),
);
const set = parseRules(files, filled);
const rules = [...set.rules, ...set.correlations];

test('every rule file is read without a problem or a warning', () => {
  assert.deepEqual(
    set.problems.map(({ where, message }) => `${where} ${message}`),
    [],
  );
  assert.deepEqual(set.warnings, []);
  assert.ok(rules.length >= 40);
});

test('with the lists as they are shipped, rules that need an empty one are off, and nothing else is wrong', () => {
  const { problems, warnings, off } = parseRules(files, lists);
  assert.deepEqual(problems, []);
  assert.ok(warnings.every(({ rule, message }) => off.has(rule) && message.startsWith('is switched off')));
});

test('ids, names and titles are unique', () => {
  for (const key of ['id', 'name', 'title'] as const) {
    const values = rules.map((rule) => rule[key]);
    assert.deepEqual(
      values.filter((value, index) => values.indexOf(value) !== index),
      [],
      key,
    );
  }
});

for (const rule of rules) {
  test(`rule ${rule.name ?? rule.title}`, () => {
    assert.match(rule.id, UUID);
    assert.match(rule.name ?? '', /^[a-z][a-z0-9_]*$/);
    assert.ok(rule.description, 'a description');
    assert.ok(rule.status, 'a status');
    if (!set.silent.has(rule.id)) assert.ok(rule.references.length > 0, 'a reference');
    assert.ok(
      rule.tags.some((tag) => tag.startsWith('attack.')),
      'an ATT&CK tag',
    );
    const threat = threatOf(rule.tags);
    assert.ok(threat?.tactic, 'a tactic that is known');
    assert.ok(!threat.technique || threat.technique.name, 'techniques that are known');
    for (const tag of rule.tags.filter((one) => one.startsWith('gatewatch.')))
      assert.match(tag, DETECTION_TAG);
    assert.doesNotThrow(() => ruleOptions(rule));
  });
}

test('rules that only sequences use are informational, so that nobody mistakes them for alerts', () => {
  const loud = rules.filter((rule) => set.silent.has(rule.id) && rule.level !== 'informational');
  assert.deepEqual(
    loud.map(({ name }) => name),
    [],
  );
});

test('all tests beside the rules pass, and every rule has some of both kinds', async () => {
  const results = await runRuleTests(await loadRules({ rules: [RULES], ...EVERY_RULE }), files);
  assert.deepEqual(
    results.flatMap(({ where, name, failure }) => (failure ? [`${where} ${name}: ${failure}`] : [])),
    [],
  );
  assert.deepEqual(
    rules
      .filter(({ id }) => results.filter((result) => result.rule === id).length < 4)
      .map(({ name }) => name),
    [],
  );
});
