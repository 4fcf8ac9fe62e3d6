import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { coverDetections, coverTags, navigatorLayer, readDetections } from '../../../src/rules/coverage.ts';
import { compileRules, readRules } from '../../../src/rules/load.ts';
import { runRuleTests } from '../../../src/rules/tests.ts';

const root = join(import.meta.dirname, '../../..');

const detections = await readDetections();
const sources = await readRules({ rules: ['shipped'] });
const loaded = compileRules(sources);
const rules = [...loaded.set.rules, ...loaded.set.correlations];
const results = await runRuleTests(loaded, sources.files);
const table = coverDetections(detections, rules, results);
const field = table.filter(({ id }) => !id.startsWith('AC'));
const ours = table.filter(({ id }) => id.startsWith('AC'));
const withStatus = (rows: typeof table, status: string) =>
  rows.filter((row) => row.status === status).map(({ id }) => id);

test('every detection of the field is covered by rules whose tests pass, or no stream of the cluster shows it', () => {
  assert.equal(field.length, 129);
  assert.deepEqual(withStatus(field, 'failing'), []);
  assert.deepEqual(withStatus(field, 'waiting'), []);
  assert.ok(withStatus(field, 'not visible').length <= 6);
});

test('all of our own are covered', () => {
  assert.equal(ours.length, 15);
  assert.equal(withStatus(ours, 'covered').length, 15);
  for (const { id, status, reason } of table) assert.ok(status === 'covered' || reason, id);
});

test('no detection is both covered and excused, and no rule names one that is not listed', () => {
  const excused = detections.filter(({ not_visible }) => not_visible);
  const covered = new Set(withStatus(table, 'covered'));
  assert.deepEqual(
    excused.filter(({ id }) => covered.has(id)).map(({ id }) => id),
    [],
  );
  const listed = new Set(detections.map(({ id }) => id.toLowerCase()));
  const named = rules.flatMap(({ tags }) => tags).filter((tag) => tag.startsWith('gatewatch.'));
  assert.deepEqual(
    named.filter((tag) => !listed.has(tag.slice('gatewatch.'.length))),
    [],
  );
});

test('the README tells the figures that the command prints', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const figure = `${withStatus(field, 'covered').length} of the ${field.length} detections`;
  assert.ok(readme.includes(figure), figure);
});

test('the list is that of the field, where a checkout has it beside it', {
  skip: existsSync(join(root, '../shared/facts/detections.csv'))
    ? false
    : 'the table of the field is not on this machine',
}, () => {
  const csv = readFileSync(join(root, '../shared/facts/detections.csv'), 'utf8');
  const ids = [...csv.matchAll(/^([A-Z]{2}\d{2}),/gm)].map((found) => found[1]);
  assert.deepEqual(
    detections.map(({ id }) => id),
    ids,
  );
});

test('coverage can be read by technique, by OWASP entry and by CIS control', () => {
  for (const [prefix, id] of [
    ['attack.t', 'T1611'],
    ['owasp.', 'K01'],
    ['cis.', '5.2.2'],
  ] as const) {
    const rows = coverTags(prefix, rules, results);
    assert.ok(
      rows.find((row) => row.id === id && row.status === 'covered' && row.rules.length > 1),
      id,
    );
  }
});

test('a rule whose tests fail, or that has none, covers nothing', () => {
  const [covered] = table.filter(({ status }) => status === 'covered');
  const own = new Set(covered!.rules.map(({ rule }) => rule.id));
  const failing = results.map((result) => (own.has(result.rule) ? { ...result, failure: 'x' } : result));
  const without = results.filter(({ rule }) => !own.has(rule));
  for (const some of [failing, without]) {
    const row = coverDetections(detections, rules, some).find(({ id }) => id === covered!.id);
    assert.equal(row?.status, 'failing');
  }
});

test('the layer for the Navigator has every technique once', () => {
  const layer = navigatorLayer(coverTags('attack.t', rules, results), '1.2.3') as {
    techniques: { techniqueID: string; score: number }[];
  };
  const ids = layer.techniques.map(({ techniqueID }) => techniqueID);
  assert.deepEqual(ids, [...new Set(ids)]);
  assert.ok(ids.every((id) => /^T\d{4}(\.\d{3})?$/.test(id)) && ids.length > 20);
  assert.ok(layer.techniques.every(({ score }) => score > 0));
});
