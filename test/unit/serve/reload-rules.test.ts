import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { alertsOf, drained, metric, type Serving, until } from '../../chaos/served.ts';
import { audit, eventList, folderWithConfig, privilegedPod, serveIn, wholeTest } from './support.ts';

const rule = (title: string) => `title: ${title}
logsource: {product: kubernetes, service: audit}
detection:
  pod: {objectRef.resource: pods, verb: create}
  condition: pod
`;

/** The titles of rules that give alerts for one more pod. */
async function titlesOf(serving: Serving, pod: string): Promise<string[]> {
  assert.equal((await audit(serving, eventList([privilegedPod(pod)]))).status, 200);
  await drained(serving);
  const alerts = await alertsOf(serving);
  return alerts
    .flatMap((alert) => (alert.orchestrator.resource?.name === pod ? [alert.rule.name] : []))
    .sort();
}

const readiness = async ({ url }: Serving) => {
  const answer = await fetch(`${url}/readyz`);
  return {
    status: answer.status,
    body: (await answer.json()) as { roles: { role: string; warning?: object }[] },
  };
};

test('rules are taken up while it runs; wrong ones are refused, said once, and it goes on', async (t) => {
  const scope = wholeTest(t);
  const folder = await folderWithConfig(scope);
  const rules = join(folder, 'rules');
  await mkdir(rules);
  await writeFile(join(rules, 'first.yml'), rule('First'));
  const serving = await serveIn(scope, folder, {
    'detect.rules': `[${rules}]`,
    'detect.reload_seconds': 1,
  });
  assert.deepEqual(await titlesOf(serving, 'one'), ['First']);

  await writeFile(join(rules, 'second.yml'), rule('Second'));
  await until(async () => (await metric(serving, 'gatewatch_rules_loaded')) === 2, 'the second rule');
  assert.deepEqual(await titlesOf(serving, 'two'), ['First', 'Second']);
  assert.match(serving.process.stdout, /"rules":2,"hash":"[0-9a-f]{12}","msg":"changed rules are in force"/);

  await writeFile(join(rules, 'third.yml'), rule('Third').replace('condition: pod', 'condition: nothing'));
  await until(
    async () => (await metric(serving, 'gatewatch_rules_reload_failures_total')) === 1,
    'a refusal',
  );
  const { status, body } = await readiness(serving);
  assert.equal(status, 200);
  assert.deepEqual(
    body.roles.filter(({ warning }) => warning).map(({ role }) => role),
    ['detect', 'correlate'],
  );
  assert.match(
    JSON.stringify(body.roles),
    /"warning":\{"code":"RULE_INVALID",[^}]*third\.yml:5:14","remedy":/,
  );
  assert.deepEqual(await titlesOf(serving, 'three'), ['First', 'Second']);
  await sleep(2500);
  assert.equal(serving.process.stdout.match(/changed rules are refused/g)?.length, 1);

  await writeFile(join(rules, 'third.yml'), rule('Third'));
  serving.process.child.kill('SIGHUP');
  await until(async () => (await metric(serving, 'gatewatch_rules_loaded')) === 3, 'the third rule');
  assert.deepEqual(await titlesOf(serving, 'four'), ['First', 'Second', 'Third']);
  assert.ok((await readiness(serving)).body.roles.every(({ warning }) => !warning));
});
