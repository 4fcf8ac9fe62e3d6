import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startStages } from '../../../src/app.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { recordToEntry } from '../../../src/log/codec.ts';
import { Metrics } from '../../../src/telemetry/metrics.ts';
import { eventWith, recordOf } from '../detect/support.ts';

const rule = (name: string, resource: string, more = '') => `---
title: Rule ${name}
name: ${name}
logsource: {product: kubernetes, service: audit}
detection:
  selection: {objectRef.resource: ${resource}}
  condition: selection
${more}`;

/** Running stages of rules in a file, which can be written anew. */
async function setUp(t: TestContext, text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-reload-'));
  const file = join(folder, 'rules.yml');
  await writeFile(file, text);
  const metrics = new Metrics();
  const told: string[] = [];
  const stages = await startStages(configSchema.parse({ detect: { rules: [file], reload_seconds: 0 } }), {
    database: join(folder, 'gatewatch.db'),
    metrics,
    rulesJudged: (_, problems) => told.push(problems.map(({ code }) => code).join() || 'in force'),
  });
  t.after(async () => {
    await stages.close();
    await rm(folder, { recursive: true });
  });
  let events = 0;
  return {
    stages,
    metrics,
    told,
    async reload(rules: string): Promise<void> {
      await writeFile(file, rules);
      await stages.reloadRules();
    },
    async happens(resource: string): Promise<void> {
      const event = eventWith({
        auditID: `e${events++}`,
        objectRef: { resource, namespace: 'dev', name: 'x' },
      });
      await stages.log.append('records', [recordToEntry(recordOf(event))]);
      await stages.drained();
    },
    async alerts(): Promise<string[]> {
      const { alerts } = await stages.alerts!.find({ sort: 'time', order: 'asc', limit: 100 });
      return alerts.map(
        ({ rule: { name }, gatewatch: { count, level, status } }) =>
          `${name} ${count} ${level}${status === 'open' ? '' : ` ${status}`}`,
      );
    },
  };
}

test('changed rules are in force from the next batch on, in detection and correlation', async (t) => {
  const { reload, happens, alerts, told } = await setUp(t, rule('a', 'pods'));
  await happens('pods');
  await happens('secrets');
  assert.deepEqual(await alerts(), ['Rule a 1 medium']);

  await reload(rule('a', 'pods', 'level: high\n') + rule('b', 'secrets'));
  await happens('secrets');
  await happens('pods');
  assert.deepEqual((await alerts()).sort(), ['Rule a 2 high', 'Rule b 1 medium']);

  await reload(rule('b', 'secrets'));
  await happens('pods');
  await happens('secrets');
  assert.deepEqual((await alerts()).sort(), ['Rule a 2 high', 'Rule b 2 medium'], 'what was said stays');
  assert.deepEqual(told, ['in force', 'in force']);
});

test('rules that are wrong are refused whole', async (t) => {
  const { reload, happens, alerts, told, metrics, stages } = await setUp(t, rule('a', 'pods'));
  const wrong = rule('c', 'nodes').replace('condition: selection', 'condition: nothing');
  await reload(rule('b', 'secrets') + wrong);
  await happens('pods');
  await happens('secrets');
  assert.deepEqual(await alerts(), ['Rule a 1 medium']);
  assert.deepEqual(told, ['RULE_INVALID']);
  assert.equal(stages.rulesProblems.length, 1);
  assert.equal((await metrics.read('rulesReloadFailures'))[0]!.value, 1);
  assert.equal((await metrics.read('rulesLoaded'))[0]!.value, 1);

  await reload(rule('a', 'pods') + rule('b', 'secrets'));
  assert.deepEqual(told, ['RULE_INVALID', 'in force']);
  assert.deepEqual(stages.rulesProblems, []);
  assert.equal((await metrics.read('rulesLoaded'))[0]!.value, 2);
  const [info, ...others] = await metrics.read('rulesInfo');
  assert.deepEqual([info, others], [{ labels: { hash: stages.rules.hash }, value: 1 }, []]);
});
