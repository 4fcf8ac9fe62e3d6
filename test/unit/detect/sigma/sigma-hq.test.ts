import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { parseRules } from '../../../../src/detect/sigma/parse.ts';
import { RuleIndex } from '../../../../src/detect/sigma/rule-index.ts';
import { EventView } from '../../../../src/detect/view.ts';
import { readRules } from '../../../../src/rules/load.ts';
import { decoded, eventWith, NO_PAST, recordOf } from '../support.ts';
import type { PlainEvent } from './support.ts';

/** Public rules and recordings that stand beside the repository on some machines; they are not part of it. */
const SHARED = join(import.meta.dirname, '../../../../../shared');
const RULES = join(SHARED, 'sigma-hq');
const RECORDINGS = join(SHARED, 'recordings');

/** Rules that were written for another layout, and the field that a mapping gives another name. */
const MAPPED = new Map([
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
  readonly allowed: boolean;
  readonly uri: string;
  readonly userAgent: string;
  /** As it was persisted, or asked for if it was refused. */
  readonly pod: Pod;
}

interface Pod {
  readonly volumes?: readonly { readonly hostPath?: unknown }[];
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
}

interface Container {
  readonly securityContext?: { readonly capabilities?: { readonly add?: readonly string[] } };
}

const createsPod = ({ verb, resource, subresource }: Facts) =>
  verb === 'create' && resource === 'pods' && subresource === '';

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
  [
    'Container With A hostPath Mount Created',
    (event) => createsPod(event) && (event.pod.volumes ?? []).some(({ hostPath }) => hostPath !== undefined),
  ],
  [
    'Privileged Container Deployed',
    (event) =>
      createsPod(event) &&
      [...(event.pod.containers ?? []), ...(event.pod.initContainers ?? [])].some(
        ({ securityContext }) => securityContext?.capabilities?.add !== undefined,
      ),
  ],
  [
    'RBAC Permission Enumeration Attempt',
    (event) => event.verb === 'create' && event.resource === 'selfsubjectrulesreviews',
  ],
  [
    'Potential Sidecar Injection Into Running Deployment',
    (event) => event.verb === 'patch' && event.group === 'apps' && event.resource === 'deployments',
  ],
  [
    'Kubernetes Potential Enumeration Activity',
    (event) =>
      event.allowed &&
      (/(?:%2f|\/)bin(?:%2f|\/)(?:(?:ba|da|z|a)?sh|busybox)|(?:%2f|\/)usr(?:%2f|\/)bin(?:%2f|\/)(?:curl|kubectl|perl|python|wget)/i.test(
        event.uri,
      ) ||
        /access_matrix|trufflehog|azurehound|micro-scanner/i.test(event.userAgent)),
  ],
]);

const { mappings } = await readRules({ rules: [] });

function loadRules() {
  const names = readdirSync(RULES).filter((name) => name.endsWith('.yml'));
  const files = names.map((name) => ({ name, text: readFileSync(join(RULES, name), 'utf8') }));
  return parseRules(files, new Map(), mappings);
}

function* recordedEvents(): Generator<string> {
  for (const name of readdirSync(RECORDINGS)) {
    if (!/\.ndjson(?:\.gz)?$/.test(name)) continue;
    const bytes = readFileSync(join(RECORDINGS, name));
    const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
    for (const line of text.split('\n')) if (line !== '') yield line;
  }
}

/** What no recording has. */
const EVENTS_DELETED = JSON.stringify(
  eventWith({
    verb: 'delete',
    requestURI: '/api/v1/namespaces/dev/events/web.17f',
    objectRef: { resource: 'events', namespace: 'dev', name: 'web.17f', apiVersion: 'v1' },
    responseStatus: { code: 200 },
  }),
);

function factsOf(event: PlainEvent): Facts {
  const reference = (event.objectRef ?? {}) as Record<string, string>;
  const status = (event.responseStatus ?? {}) as Record<string, number>;
  const annotations = (event.annotations ?? {}) as Record<string, string>;
  const body = (status.code! < 400 && event.responseObject) || event.requestObject;
  return {
    verb: String(event.verb),
    resource: reference.resource ?? '',
    subresource: reference.subresource ?? '',
    group: reference.apiGroup ?? '',
    namespace: reference.namespace ?? '',
    code: status.code ?? 0,
    allowed: annotations['authorization.k8s.io/decision'] === 'allow',
    uri: String(event.requestURI),
    userAgent: String(event.userAgent),
    pod: ((body as { spec?: Pod } | undefined)?.spec ?? {}) as Pod,
  };
}

const skipRules = existsSync(RULES) ? false : 'the rules of SigmaHQ are not here';
const skipRecordings = existsSync(RECORDINGS) ? skipRules : 'the recordings are not here';

test('the 16 audit rules of SigmaHQ load unmodified, and every one can match: 5 of them by a mapping', {
  skip: skipRules,
}, () => {
  const { rules, problems, warnings, mapped } = loadRules();
  assert.deepEqual([...problems, ...warnings], []);
  assert.equal(rules.length, 16);
  assert.ok(rules.every(({ applies }) => applies));
  const told = mapped.map(({ rule, message }): [string, string] => [
    rules.find(({ id }) => id === rule)!.title,
    /^"([^"]+)" is read as .*: mapping "sigma-hq"/.exec(message)![1]!,
  ]);
  assert.deepEqual(told.toSorted(), [...MAPPED].toSorted());
});

test('each matches the recorded events that it is about, and no more', { skip: skipRecordings }, () => {
  const { rules } = loadRules();
  assert.deepEqual(rules.map(({ title }) => title).toSorted(), [...SUBJECTS.keys()].toSorted());
  const index = new RuleIndex(rules);
  const matched = new Map<string, number>();
  for (const line of [...recordedEvents(), EVENTS_DELETED]) {
    const facts = factsOf(JSON.parse(line));
    const expected = [...SUBJECTS].filter(([, about]) => about(facts)).map(([title]) => title);
    const titles = index.match(new EventView(decoded(recordOf(line)), NO_PAST)).map(({ title }) => title);
    assert.deepEqual(titles.toSorted(), expected.toSorted(), line);
    for (const title of titles) matched.set(title, (matched.get(title) ?? 0) + 1);
  }
  assert.equal(matched.size, 16);
});
