import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { plainEvent } from '../../../../src/detect/sigma/event.ts';
import { parseRules } from '../../../../src/detect/sigma/parse.ts';
import { RuleIndex } from '../../../../src/detect/sigma/rule-index.ts';
import type { PlainEvent } from './support.ts';

/** Public rules and recordings that stand beside the repository on some machines; they are not part of it. */
const SHARED = join(import.meta.dirname, '../../../../../shared');
const RULES = join(SHARED, 'sigma-hq');
const RECORDINGS = join(SHARED, 'recordings');

/** Rules that were written for another shape of event, and the field that says so. */
const CANNOT_MATCH = new Map([
  ['Container With A hostPath Mount Created', 'hostPath'],
  ['Kubernetes Potential Enumeration Activity', 'responseStatus.code'],
  ['Privileged Container Deployed', 'capabilities'],
  ['RBAC Permission Enumeration Attempt', 'apiGroup'],
  ['Potential Sidecar Injection Into Running Deployment', 'apiGroup'],
]);

interface Facts {
  readonly verb: string;
  readonly resource: string;
  readonly subresource: string;
  readonly group: string;
  readonly namespace: string;
  readonly code: number;
}

const WRITES = ['create', 'delete', 'patch', 'replace', 'update'];
const writes =
  (group: string, ...resources: string[]) =>
  (event: Facts) =>
    event.group === group && resources.includes(event.resource) && WRITES.includes(event.verb);

/** What each rule is about, said a second time and in code. */
const SUBJECTS = new Map<string, (event: Facts) => boolean>([
  [
    'Kubernetes Admission Controller Modification',
    writes(
      'admissionregistration.k8s.io',
      'mutatingwebhookconfigurations',
      'validatingwebhookconfigurations',
    ),
  ],
  ['Kubernetes CronJob/Job Modification', writes('batch', 'cronjobs', 'jobs')],
  [
    'Deployment Deleted From Kubernetes Cluster',
    (event) => event.verb === 'delete' && event.resource === 'deployments',
  ],
  ['Kubernetes Events Deleted', (event) => event.verb === 'delete' && event.resource === 'events'],
  [
    'Potential Remote Command Execution In Pod Container',
    (event) => event.verb === 'create' && event.resource === 'pods' && event.subresource === 'exec',
  ],
  [
    'Creation Of Pod In System Namespace',
    (event) => event.verb === 'create' && event.resource === 'pods' && event.namespace === 'kube-system',
  ],
  [
    'Kubernetes Rolebinding Modification',
    writes('rbac.authorization.k8s.io', 'clusterrolebindings', 'rolebindings'),
  ],
  ['Kubernetes Secrets Enumeration', (event) => event.verb === 'list' && event.resource === 'secrets'],
  ['Kubernetes Secrets Modified or Deleted', writes('', 'secrets')],
  [
    'New Kubernetes Service Account Created',
    (event) => event.verb === 'create' && event.resource === 'serviceaccounts',
  ],
  ['Kubernetes Unauthorized or Unauthenticated Access', (event) => event.code === 401 || event.code === 403],
]);

function loadRules() {
  const names = readdirSync(RULES).filter((name) => name.endsWith('.yml'));
  return parseRules(names.map((name) => ({ name, text: readFileSync(join(RULES, name), 'utf8') })));
}

function* recordedEvents(): Generator<PlainEvent> {
  for (const name of readdirSync(RECORDINGS)) {
    if (!/\.ndjson(?:\.gz)?$/.test(name)) continue;
    const bytes = readFileSync(join(RECORDINGS, name));
    const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
    for (const line of text.split('\n')) if (line !== '') yield JSON.parse(line);
  }
}

function factsOf(event: PlainEvent): Facts {
  const reference = (event.objectRef ?? {}) as Record<string, string>;
  const status = (event.responseStatus ?? {}) as Record<string, number>;
  return {
    verb: String(event.verb),
    resource: reference.resource ?? '',
    subresource: reference.subresource ?? '',
    group: reference.apiGroup ?? '',
    namespace: reference.namespace ?? '',
    code: status.code ?? 0,
  };
}

const skipRules = existsSync(RULES) ? false : 'the rules of SigmaHQ are not here';
const skipRecordings = existsSync(RECORDINGS) ? skipRules : 'the recordings are not here';

test('the 16 audit rules of SigmaHQ load unmodified; 5 are told to be unable to match', {
  skip: skipRules,
}, () => {
  const { rules, problems, warnings } = loadRules();
  assert.deepEqual(problems, []);
  assert.equal(rules.length, 16);
  assert.ok(rules.every(({ applies }) => applies));
  const told = warnings.map(({ rule, message }): [string, string] => [
    rules.find(({ id }) => id === rule)!.title,
    /^cannot match a raw audit event: "([^"]+)"/.exec(message)![1]!,
  ]);
  assert.deepEqual(told.toSorted(), [...CANNOT_MATCH].toSorted());
});

test('each of the others matches the recorded events that it is about, and no more', {
  skip: skipRecordings,
}, (t) => {
  const { rules } = loadRules();
  const index = new RuleIndex(rules);
  const matched = new Map<string, number>();
  for (const event of recordedEvents()) {
    const facts = factsOf(event);
    const expected = [...SUBJECTS].filter(([, about]) => about(facts)).map(([title]) => title);
    const titles = index.match(plainEvent(event)).map(({ title }) => title);
    assert.deepEqual(titles.toSorted(), expected.toSorted());
    for (const title of titles) matched.set(title, (matched.get(title) ?? 0) + 1);
  }
  for (const title of SUBJECTS.keys()) {
    if (!matched.has(title)) t.diagnostic(`not in the recordings: ${title}`);
  }
  assert.ok(matched.size >= 10);
});
