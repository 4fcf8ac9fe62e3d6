import assert from 'node:assert/strict';
import test from 'node:test';
import { loadConfig } from '../../../../src/config/load.ts';
import { Detector } from '../../../../src/detect/detector.ts';
import { compileRules } from '../../../../src/rules/load.ts';
import { eventWith, recordOf } from '../support.ts';

const RULE = `
title: Role made more powerful
id: more
logsource: {product: kubernetes, service: audit}
detection:
  more: {gatewatch.rbac.power_added: [wildcard-verbs, secrets, secrets-named]}
  other: {gatewatch.rbac.grants_added: anonymous}
  condition: more or other
`;
const rules = compileRules({ lists: new Map(), files: [{ name: 'r.yml', text: RULE }] });
const { detect, receive, correlate } = loadConfig({ env: {} });

const READER = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
const KEEPER = [...READER, { apiGroups: [''], resources: ['secrets'], verbs: ['get'] }];

let second = 0;

function write(verb: string, resource: string, fields: object, code = 200): object {
  const time = `2026-11-22T13:00:${String(++second).padStart(2, '0')}.000000Z`;
  return eventWith({
    auditID: `a${second}`,
    verb,
    objectRef: { resource, apiGroup: 'rbac.authorization.k8s.io', name: 'r', namespace: 'dev' },
    responseStatus: { code },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    ...fields,
  });
}

const role = (rules: object[]) => ({ kind: 'Role', metadata: { name: 'r' }, rules });

/** Whether the last of the events is one that adds. */
function adds(...events: object[]): boolean {
  const detector = new Detector(rules, { ...detect, ...receive, ...correlate });
  return events.map((event) => detector.detect(recordOf(event)).signals.length > 0).at(-1)!;
}

test('a role that gains a power adds it, by whatever patch and with or without an answer', () => {
  const create = write('create', 'roles', { requestObject: role(READER), responseObject: role(READER) }, 201);
  assert.equal(adds(create, write('update', 'roles', { responseObject: role(KEEPER) })), true);
  assert.equal(adds(create, write('update', 'roles', { requestObject: role(KEEPER) })), true);
  assert.equal(adds(create, write('patch', 'roles', { requestObject: { rules: KEEPER } })), true);
  const operation = { op: 'add', path: '/rules/-', value: KEEPER[1] };
  assert.equal(adds(create, write('patch', 'roles', { requestObject: [operation] })), true);
  const verbs = { op: 'replace', path: '/rules/0/verbs', value: ['*'] };
  assert.equal(adds(create, write('patch', 'roles', { requestObject: [verbs] })), true);
});

test('what was there before is not added, and nothing is where the former role was never seen', () => {
  const create = write('create', 'roles', { responseObject: role(KEEPER) }, 201);
  assert.equal(adds(create), false);
  assert.equal(adds(create, write('update', 'roles', { responseObject: role(KEEPER) })), false);
  assert.equal(adds(write('update', 'roles', { responseObject: role(KEEPER) })), false);
});

test('a power that names limit is none that is added to one without limits', () => {
  const named = role([{ ...KEEPER[1], resourceNames: ['tls'] }]);
  const create = (responseObject: object) => write('create', 'roles', { responseObject }, 201);
  const update = (responseObject: object) => write('update', 'roles', { responseObject });
  assert.equal(adds(create(role(KEEPER)), update(named)), false);
  assert.equal(adds(create(role(READER)), update(named)), true);
  assert.equal(adds(create(named), update(role(KEEPER))), true);
});

test('a subject that is added to a binding', () => {
  const binding = (...names: string[]) => ({
    kind: 'RoleBinding',
    roleRef: { kind: 'ClusterRole', name: 'view' },
    subjects: names.map((name) => ({ kind: 'User', name })),
  });
  const create = write('create', 'rolebindings', { responseObject: binding('alice') }, 201);
  const add = (...names: string[]) => write('update', 'rolebindings', { responseObject: binding(...names) });
  assert.equal(adds(create, add('alice', 'system:anonymous')), true);
  assert.equal(adds(create, add('alice', 'bob')), false);
});
