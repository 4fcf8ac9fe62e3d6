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

const RULES = `title: Pod made
name: pod_made
id: pod-made
description: It was.
tags: [gatewatch.pw01]
logsource: {product: kubernetes, service: audit}
detection: {pod: {objectRef.resource: pods, verb: create}, condition: pod}
level: high
gatewatch: {group-by: [user.username]}
---
title: Twice
name: twice
id: twice
correlation: {type: event_count, rules: [pod_made], generate: true, group-by: [user.username], timespan: 1h, condition: {gte: 2}}
level: critical
`;

const exception = (rules: string, more = '') => `title: Alice may
id: e1
rules: ${rules}
owner: platform
reason: TICKET-1
date: 2026-11-01
expires: 2026-12-01
detection: {who: {user.username: alice}, condition: who}
${more}`;

/** Running stages with exceptions in a file, which can be written anew. @param now wall clock */
async function setUp(t: TestContext, text: string, now = Date.UTC(2026, 10, 22, 14)) {
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-exceptions-'));
  const [rules, exceptions] = [join(folder, 'rules.yml'), join(folder, 'exceptions.yml')];
  await writeFile(rules, RULES);
  await writeFile(exceptions, text);
  const metrics = new Metrics();
  const config = configSchema.parse({
    detect: { rules: [rules], exceptions: [exceptions], reload_seconds: 0 },
  });
  const stages = await startStages(config, {
    database: join(folder, 'gatewatch.db'),
    metrics,
    now: () => now,
  });
  t.after(async () => {
    await stages.close();
    await rm(folder, { recursive: true });
  });
  const stored = async () => (await stages.alerts!.find({ sort: 'time', order: 'asc', limit: 100 })).alerts;
  let events = 0;
  return {
    stages,
    metrics,
    async reload(changed: string): Promise<void> {
      await writeFile(exceptions, changed);
      await stages.reloadRules();
    },
    async makesPod(username: string): Promise<void> {
      const event = eventWith({ auditID: `e${events++}`, user: { username } });
      await stages.log.append('records', [recordToEntry(recordOf(event))]);
      await stages.drained();
    },
    alerts: stored,
    async told(): Promise<string[]> {
      return (await stored())
        .map(
          ({ rule, user, gatewatch: { count, level, status } }) =>
            `${rule.id} ${user?.name} ${count} ${level} ${status}`,
        )
        .sort();
    },
  };
}

test('an excepted match gives no open alert, is counted, and can be seen', async (t) => {
  const { makesPod, told, alerts, metrics } = await setUp(t, exception('[pod_made]'));
  await makesPod('alice');
  await makesPod('bob');
  assert.deepEqual(await told(), ['pod-made alice 1 informational closed', 'pod-made bob 1 high open']);
  assert.deepEqual(await metrics.read('exceptionHits'), [{ labels: { exception: 'e1' }, value: 1 }]);
  const [closed] = (await alerts()).filter(({ gatewatch }) => gatewatch.status === 'closed');
  assert.deepEqual(closed!.gatewatch.exception, {
    id: 'e1',
    title: 'Alice may',
    owner: 'platform',
    reason: 'TICKET-1',
    expires: '2026-12-01T00:00:00.000000Z',
  });
  assert.equal(closed!.rule.name, 'Pod made');
  assert.equal(closed!.gatewatch.detection_id, 'PW01');
  assert.equal(closed!.event.severity, 1);
  assert.match(closed!.message, /^Excepted \(Alice may; platform\): alice \(.*\) created pod p /);
});

test('a correlation still sees what is taken from its rule, unless it is named itself', async (t) => {
  const ofRule = await setUp(t, exception('[pod_made]'));
  await ofRule.makesPod('alice');
  await ofRule.makesPod('alice');
  assert.deepEqual(await ofRule.told(), [
    'pod-made alice 2 informational closed',
    'twice alice 2 critical open',
  ]);

  const ofBoth = await setUp(t, exception('[pod_made, twice]'));
  await ofBoth.makesPod('alice');
  assert.deepEqual(await ofBoth.told(), ['pod-made alice 1 informational closed'], 'once is not twice');
  await ofBoth.makesPod('alice');
  assert.deepEqual(await ofBoth.told(), [
    'pod-made alice 2 informational closed',
    'twice alice 2 informational closed',
  ]);
  assert.equal((await ofBoth.metrics.read('exceptionHits'))[0]!.value, 4);
});

test('the clock decides what is told of an exception, and not what it takes', async (t) => {
  const later = await setUp(t, exception('[pod_made]'), Date.UTC(2030, 0, 1));
  await later.makesPod('alice');
  assert.deepEqual(await later.told(), ['pod-made alice 1 informational closed']);
  const states = async ({ stages, metrics }: typeof later) => {
    await stages.measure();
    const read = await metrics.read('exceptions');
    return read.flatMap(({ labels, value }) => (value > 0 ? `${labels.state} ${value}` : []));
  };
  assert.deepEqual(await states(later), ['expired 1']);
  assert.deepEqual(await states(await setUp(t, exception('[pod_made]'))), ['ending 1']);
  const early = await setUp(t, exception('[pod_made]'), Date.UTC(2026, 10, 2));
  assert.deepEqual(await states(early), ['active 1']);
});

test('changed exceptions are in force from the next batch on; a wrong one leaves those before', async (t) => {
  const { reload, makesPod, told, alerts, stages, metrics } = await setUp(t, '');
  const { hash } = stages.rules;
  await makesPod('alice');
  assert.deepEqual(await told(), ['pod-made alice 1 high open']);

  await reload(exception('[pod_made, twice]'));
  assert.notEqual(stages.rules.hash, hash);
  await makesPod('alice');
  const excepted = ['pod-made alice 1 high open', 'pod-made alice 1 informational closed'];
  assert.deepEqual(await told(), excepted, 'what was said before stays');

  await reload(exception('[pod_mad]'));
  assert.deepEqual(
    stages.rulesProblems.map(({ code }) => code),
    ['RULE_REFERENCE_UNKNOWN'],
  );
  await makesPod('alice');
  assert.deepEqual(await told(), [
    'pod-made alice 1 high open',
    'pod-made alice 2 informational closed',
    'twice alice 2 informational closed',
  ]);

  await reload(exception('[pod_made, twice]').replace('TICKET-1', 'TICKET-2'));
  await makesPod('bob');
  const reasons = (await alerts()).flatMap(({ gatewatch }) => gatewatch.exception?.reason ?? []);
  assert.deepEqual(reasons, ['TICKET-2', 'TICKET-2'], 'what is still held is told anew');

  await reload('');
  assert.equal(stages.rules.hash, hash);
  await makesPod('alice');
  assert.ok((await told()).includes('pod-made alice 2 high open'), `${await told()}`);
  assert.equal((await metrics.read('exceptionHits'))[0]!.value, 4);
});
