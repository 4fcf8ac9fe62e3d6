import assert from 'node:assert/strict';
import test from 'node:test';
import { loadConfig } from '../../../../src/config/load.ts';
import { Detector } from '../../../../src/detect/detector.ts';
import type { Signal } from '../../../../src/record/signal.ts';
import { compileRules } from '../../../../src/rules/load.ts';
import { eventWith, RECEIVED_MS, recordedLines, recordOf } from '../support.ts';

const rules = compileRules({
  lists: new Map(),
  files: [
    {
      name: 'every.yml',
      text: `
title: Every request
id: every
logsource: {product: kubernetes, service: audit}
detection: {any: {verb: '*'}, condition: any}
`,
    },
  ],
});
const { detect, receive, correlate } = loadConfig({ env: {} });
const CONTROLLERS = 'system:serviceaccount:kube-system:';

let second = 0;

function eventOf(username: string, resource: string, name: string, fields: object = {}): object {
  const time = `2026-11-22T13:00:${String(++second).padStart(2, '0')}.000000Z`;
  const apiGroup = resource === 'pods' ? '' : 'apps';
  return eventWith({
    auditID: `a${second}`,
    user: { username },
    objectRef: { resource, name, namespace: 'dev', apiGroup, apiVersion: 'v1' },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    ...fields,
  });
}

function object(kind: string, name: string, owner?: [kind: string, name: string], more: object = {}) {
  const metadata = {
    name,
    ...(owner ? { ownerReferences: [{ kind: owner[0], name: owner[1], controller: true }] } : {}),
  };
  const spec = { serviceAccountName: 'web', containers: [{ name: 'c', image: 'a' }] };
  return { responseObject: { kind, metadata, spec: { template: { spec } } }, ...more };
}

/** What attribution makes of the last of some events. */
function actorOf(...events: object[]): NonNullable<Signal['actor']> {
  const detector = new Detector(rules, { ...detect, ...receive, ...correlate });
  const signals = events.flatMap((event) => detector.detect(recordOf(event)).signals);
  return signals.at(-1)!.actor!;
}

const DEPLOYMENT = () => eventOf('alice', 'deployments', 'web', object('Deployment', 'web'));
const REPLICA_SET = () =>
  eventOf(
    `${CONTROLLERS}deployment-controller`,
    'replicasets',
    'web-7b8',
    object('ReplicaSet', 'web-7b8', ['Deployment', 'web']),
  );
const REFUSED_POD = () =>
  eventOf(`${CONTROLLERS}replicaset-controller`, 'pods', '', {
    responseStatus: { code: 403 },
    requestObject: {
      kind: 'Pod',
      metadata: {
        generateName: 'web-7b8-',
        ownerReferences: [{ kind: 'ReplicaSet', name: 'web-7b8', controller: true }],
      },
    },
  });

test('a refused pod of a controller names who wrote the template', () => {
  const actor = actorOf(DEPLOYMENT(), REPLICA_SET(), REFUSED_POD());
  assert.deepEqual(actor, {
    kind: 'controller',
    author: 'alice',
    chain: [`${CONTROLLERS}replicaset-controller`, 'ReplicaSet/web-7b8', 'Deployment/web', 'alice'],
  });
});

test('who changed the template last is its author; scaling and an unchanged apply change nothing', () => {
  const changed = object('Deployment', 'web');
  changed.responseObject.spec.template.spec.containers[0]!.image = 'b';
  const actor = actorOf(
    DEPLOYMENT(),
    REPLICA_SET(),
    eventOf('bob', 'deployments', 'web', { ...changed, verb: 'update' }),
    eventOf('gitops', 'deployments', 'web', { ...changed, verb: 'patch' }),
    REFUSED_POD(),
  );
  assert.equal(actor.author, 'bob');
});

test('what was never seen is not made up', () => {
  assert.deepEqual(actorOf(REFUSED_POD()), {
    kind: 'controller',
    chain: [`${CONTROLLERS}replicaset-controller`, 'ReplicaSet/web-7b8'],
  });
  assert.equal(actorOf(REPLICA_SET(), REFUSED_POD()).author, undefined);
});

test('a refused or dry-run write of a template makes nobody its author', () => {
  const refused = eventOf('mallory', 'deployments', 'web', {
    ...object('Deployment', 'web'),
    verb: 'update',
    responseStatus: { code: 403 },
  });
  assert.equal(actorOf(DEPLOYMENT(), REPLICA_SET(), refused, REFUSED_POD()).author, 'alice');
});

test('behind an impersonated identity is who was authenticated', () => {
  const event = eventOf('mallory', 'pods', 'p', { impersonatedUser: { username: 'admin' } });
  assert.deepEqual(actorOf(event), { kind: 'person', author: 'mallory', chain: ['admin', 'mallory'] });
});

test('behind a service account is who wrote the workload that uses it', () => {
  const acting = (extra: object = {}) =>
    eventOf('system:serviceaccount:dev:web', 'pods', 'p', {
      user: { username: 'system:serviceaccount:dev:web', extra },
    });
  assert.deepEqual(actorOf(DEPLOYMENT(), REPLICA_SET(), acting()).chain.slice(1), [
    'Deployment/web',
    'alice',
  ]);
  const other = eventOf('bob', 'deployments', 'other', object('Deployment', 'other'));
  assert.equal(
    actorOf(DEPLOYMENT(), other, acting()).author,
    'system:serviceaccount:dev:web',
    'two workloads share it',
  );
  const bound = { 'authentication.kubernetes.io/pod-name': ['other-5c-x'] };
  assert.equal(actorOf(DEPLOYMENT(), other, acting(bound)).author, 'bob', 'the token tells the pod');
});

test('in a real recording every refused pod of a controller names alice', (t) => {
  const lines = recordedLines('07-workloads');
  const detector = new Detector(rules, { ...detect, ...receive, ...correlate });
  const denied = lines
    .flatMap((line) => detector.detect(recordOf(line, RECEIVED_MS + 86_400_000)).signals)
    .filter(({ actor, admission, facts }) => {
      return (
        actor?.kind === 'controller' && admission.outcome === 'denied' && facts.namespace === 'team-base'
      );
    });
  if (denied.length === 0) return t.skip('the recording is not on this machine');
  assert.deepEqual([...new Set(denied.map(({ actor }) => actor?.author))], ['alice']);
});
