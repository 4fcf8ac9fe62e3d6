import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { after } from 'node:test';
import { stringify } from 'yaml';
import { parseRules } from '../../../src/detect/sigma/parse.ts';
import { EventView } from '../../../src/detect/view.ts';
import { loadRules, readRules } from '../../../src/rules/load.ts';
import { decoded, eventWith, NO_PAST, recordOf } from '../detect/support.ts';

const { mappings } = await readRules({ rules: [] });

const folder = mkdtempSync(join(tmpdir(), 'gatewatch-mappings-'));
after(() => rmSync(folder, { recursive: true }));

function write(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const ruleOf = (selection: object) =>
  stringify({
    title: 'Rule',
    logsource: { product: 'kubernetes', service: 'audit' },
    detection: { selection, condition: 'selection' },
  });

/** Whether a selection, read with the shipped mappings, matches an event. */
function matches(selection: object, event: object): boolean {
  const { rules, problems, warnings } = parseRules(
    [{ name: 'r.yml', text: ruleOf(selection) }],
    new Map(),
    mappings,
  );
  assert.deepEqual([...problems, ...warnings], [], JSON.stringify(selection));
  return rules[0]!.matches(new EventView(decoded(recordOf(event)), NO_PAST));
}

const hostPath = { volumes: [{ name: 'v', hostPath: { path: '/etc' } }], containers: [] };
const capable = (list: string) => ({
  [list]: [{ securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }],
});
const asDeployment = (spec: object) => ({
  objectRef: { resource: 'deployments', apiGroup: 'apps', apiVersion: 'v1', namespace: 'dev', name: 'd' },
  requestURI: '/apis/apps/v1/namespaces/dev/deployments',
  requestObject: { kind: 'Deployment', spec: { template: { spec } } },
});

test("SigmaHQ's names at the top of an event, whatever the nesting", () => {
  const pod = (spec: object) => eventWith({ requestObject: { kind: 'Pod', spec } });
  assert.equal(matches({ hostPath: '*' }, pod(hostPath)), true);
  assert.equal(matches({ hostPath: '/etc' }, eventWith(asDeployment(hostPath))), true);
  assert.equal(matches({ hostPath: '*' }, pod({ containers: [] })), false);
  for (const list of ['containers', 'initContainers', 'ephemeralContainers'])
    assert.equal(matches({ capabilities: '*' }, pod(capable(list))), true, list);
  assert.equal(matches({ capabilities: 'sys_admin' }, eventWith(asDeployment(capable('containers')))), true);
  assert.equal(matches({ capabilities: '*' }, pod(hostPath)), false);
  assert.equal(matches({ 'capabilities|exists': false }, pod(hostPath)), true);
  assert.equal(matches({ apiGroup: 'apps', resource: 'deployments' }, eventWith(asDeployment({}))), true);
});

test('a decision in the place of a status is the authorizer’s; a status stays one', () => {
  const refused = eventWith({
    responseStatus: { code: 403 },
    annotations: { 'authorization.k8s.io/decision': 'forbid' },
  });
  assert.equal(matches({ 'responseStatus.code': 'ALLOW' }, eventWith()), true);
  assert.equal(matches({ 'responseStatus.code': 'ALLOW' }, refused), false);
  assert.equal(matches({ 'responseStatus.code': ['FORBID', 'allow'] }, refused), true);
  assert.equal(matches({ 'responseStatus.code': 403 }, refused), true);
  assert.equal(matches({ 'responseStatus.code': '403' }, refused), true);
});

test("Elastic's names, of the event and of ECS", () => {
  const event = eventWith({
    user: { username: 'alice', uid: 'u1', groups: ['devs'] },
    sourceIPs: ['203.0.113.9', '10.0.0.7'],
    annotations: {
      'authorization.k8s.io/decision': 'allow',
      'pod-security.kubernetes.io/enforce-policy': 'baseline:latest',
    },
    requestObject: { kind: 'Pod', spec: hostPath },
  });
  for (const [field, value] of Object.entries({
    'kubernetes.audit.verb': 'create',
    'kubernetes.audit.objectRef.resource': 'pods',
    'kubernetes.audit.user.groups': 'devs',
    'kubernetes.audit.requestObject.spec.volumes.hostPath.path': '/etc',
    'kubernetes.audit.annotations.authorization_k8s_io/decision': 'allow',
    'kubernetes.audit.annotations.pod-security_kubernetes_io/enforce-policy': 'baseline:*',
    'event.action': 'create',
    'user.name': 'alice',
    'user.id': 'u1',
    'source.ip|cidr': '203.0.113.0/24',
    'client.ip': '10.0.0.7',
    'user_agent.original|startswith': 'kubectl',
    'orchestrator.cluster.name': 'c',
    'orchestrator.namespace': 'dev',
    'orchestrator.resource.type': 'pods',
    'orchestrator.resource.name': 'p',
  }))
    assert.equal(matches({ [field]: value }, event), true, field);
  const image = { requestObject: { kind: 'Pod', spec: { containers: [{ image: 'nginx' }] } } };
  assert.equal(matches({ 'container.image.name': 'nginx' }, eventWith(image)), true);
  assert.equal(matches({ 'user.name': null }, eventWith({ user: {} })), true);
});

test('mappings are no rules, and are taken from where the configuration says', async () => {
  write('rules/r.yml', ruleOf({ what: 'pods' }));
  const own = write(
    'rules/mappings/own.yml',
    'name: own\ntransformations:\n  - {type: field_name_mapping, mapping: {what: objectRef.resource}}\n',
  );
  const rules = [join(folder, 'rules')];
  assert.equal((await readRules({ rules })).files.length, 1);
  const warnings = async (...paths: string[]) =>
    (await loadRules({ rules, mappings: paths })).set.warnings.length;
  assert.equal(await warnings(), 1);
  assert.equal(await warnings('shipped'), 1);
  assert.equal(await warnings('shipped', own), 0);
  assert.equal(await warnings(dirname(own)), 0);
  await assert.rejects(warnings(join(folder, 'absent.yml')), { code: 'FILE_UNREADABLE' });
  await assert.rejects(warnings(write('bad.yml', 'transformations: 1\n')), { code: 'RULE_INVALID' });
});
