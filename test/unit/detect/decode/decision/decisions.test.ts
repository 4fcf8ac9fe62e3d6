import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from '../../../../../src/detect/decode/decode.ts';
import type { Request } from '../../../../../src/detect/decode/request.ts';
import type { EngineName } from '../../../../../src/record/engine.ts';
import { formatEventTime } from '../../../../../src/record/time.ts';
import { fixture, opaEntry, posted } from '../../../receive/decisions/support.ts';
import { ORIGIN } from '../../../receive/support.ts';

/** After all that is recorded. */
const TIME_MAX = Date.UTC(2027, 0, 1) * 1000;

function requestsOf(engine: EngineName, body: Buffer | object): Request[] {
  return posted(engine, body).records.map((record) => decode(record, TIME_MAX));
}

function requestOf(engine: EngineName, document: object): Request {
  const [request] = requestsOf(engine, document);
  assert.ok(request, 'no record');
  return request;
}

/** Who, what, of which object and when, in one line. */
const told = ({ caller, verb, ref, time }: Request) =>
  [
    caller.name,
    verb,
    `${ref.apiGroup}/${ref.apiVersion}/${ref.resource}`,
    `${ref.namespace}/${ref.name}`,
    time === undefined ? '' : formatEventTime(time),
  ].join(' ');

const judged = ({ engineDecision }: Request) => {
  const { verdict, enforced, policy } = engineDecision!;
  return `${verdict} ${enforced} ${policy?.join()}`;
};

test('OPA: the verdict of its answer about the review that it was asked about', () => {
  const [denied, warned, relabelled, dryRun] = requestsOf('opa', fixture('opa-upload.json'));
  assert.deepEqual(denied!.engineDecision, {
    engine: 'opa',
    verdict: 'deny',
    enforced: true,
    policy: ['system/main'],
    message: 'privileged container "c" is not allowed',
    uid: '04feaf2c-5020-4d43-a413-4a6c39a700d1',
    object_uid: '169ccb0a-d20c-4093-b97c-069ad4daba22',
    operation: 'CREATE',
    dry_run: false,
  });
  assert.equal(told(denied!), 'mallory create /v1/pods opa-team/evil-1 2026-11-22T14:22:24.656177Z');
  assert.deepEqual(denied!.caller.groups, ['interns', 'system:authenticated']);
  assert.equal(judged(warned!), 'allow undefined system/main');
  assert.equal(warned!.engineDecision!.message, '(warn) privileged container "c"');
  assert.equal(told(relabelled!), 'bob update /v1/namespaces opa-team/opa-team 2026-11-22T14:22:46.323918Z');
  assert.equal(dryRun!.engineDecision!.dry_run, true);
  assert.equal(dryRun!.dryRun, true);
});

test('OPA: a failed evaluation has no verdict, a deleted object the uid that it had, a slash before the path goes', () => {
  const failed = requestOf('opa', [opaEntry({}, { result: undefined, error: { message: 'conflict' } })]);
  assert.deepEqual(failed.engineDecision, { engine: 'opa', policy: ['system/main'], message: 'conflict' });
  const oldObject = { metadata: { uid: 'o', name: 'n' } };
  const request = { operation: 'DELETE', oldObject };
  const deleted = requestOf('opa', [opaEntry(request, { path: '/system/main' })]);
  assert.equal(deleted.engineDecision!.object_uid, 'o');
  assert.deepEqual(deleted.engineDecision!.policy, ['system/main']);
  assert.equal(deleted.verb, 'delete');
});

test('Gatekeeper: lines, Events and exports; what it calls denied is enforced only if the constraint denies', () => {
  const lines = requestsOf('gatekeeper', fixture('gatekeeper.log.ndjson'));
  assert.deepEqual(lines.map(judged), [
    'deny true no-privileged',
    'deny false no-privileged-warn',
    'deny false no-privileged-dryrun',
    'deny true no-privileged-scoped',
  ]);
  assert.equal(told(lines[0]!), 'mallory  /v1/pods gk-team/evil-1 2026-11-22T14:23:47.897875Z');
  const message = 'Privileged container is not allowed: c, securityContext: {"privileged": true}';
  const events = requestsOf('gatekeeper', fixture('gatekeeper.events.json'));
  assert.deepEqual(events.map(judged), [
    'deny true no-privileged',
    'deny false no-privileged-dryrun',
    'deny false no-privileged-warn',
  ]);
  assert.equal(told(events[0]!), 'mallory  /v1/pods gk-team/evil-1 2026-11-22T14:23:47.000000Z');
  for (const { engineDecision } of [...lines, ...events]) assert.equal(engineDecision!.message, message);

  const [exported] = requestsOf('gatekeeper', fixture('gatekeeper.export.ndjson'));
  assert.equal(told(exported!), 'alice@example.com create /v1/pods prod/bad 2026-08-22T10:11:12.123456Z');
  const { uid, operation, dry_run } = exported!.engineDecision!;
  assert.deepEqual([uid, operation, dry_run], ['705ab4f5-6393-11e8-b7cc-42010a800002', 'CREATE', false]);
  assert.equal(judged(exported!), 'deny true repo-is-openpolicyagent');
});

test('Gatekeeper: a scoped constraint that only warns, as a line and as an Event; a group and a version', () => {
  const line = JSON.parse(fixture('gatekeeper.log.ndjson').toString().split('\n')[1]!);
  const scoped = { ...line, constraint_action: 'scoped', constraint_enforcement_actions: ['warn'] };
  assert.equal(judged(requestOf('gatekeeper', scoped)), 'deny false no-privileged');
  const [event] = JSON.parse(fixture('gatekeeper.events.json').toString()).items;
  const { annotations } = event.metadata;
  annotations.constraint_action = 'scoped';
  annotations.constraint_enforcement_actions = 'warn,audit';
  annotations.resource_kind = 'NetworkPolicy';
  annotations.resource_group = 'networking.k8s.io';
  assert.equal(judged(requestOf('gatekeeper', event)), 'deny false no-privileged');
  assert.match(told(requestOf('gatekeeper', event)), / networking\.k8s\.io\/v1\/networkpolicies /);
  annotations.constraint_enforcement_actions = 'warn,deny';
  assert.equal(judged(requestOf('gatekeeper', event)), 'deny true no-privileged');
});

test('Kyverno: what was blocked, what was only audited, what passed, what was excepted', () => {
  const events = requestsOf('kyverno', fixture('kyverno.events.json'));
  assert.deepEqual(events.map(judged), [
    'allow undefined disallow-privileged',
    'deny true disallow-privileged',
    'allow undefined disallow-privileged',
    'deny false require-labels',
    'deny true vpol-no-privileged',
    'allow undefined vpol-no-privileged',
    'deny false warn-privileged',
    'allow undefined disallow-privileged',
  ]);
  assert.equal(told(events[1]!), '  /v1/pods ky-team/evil-1 2026-11-22T14:26:59.345110Z');
  assert.equal(events[1]!.engineDecision!.object_uid, '6386bae7-5278-4a59-8df5-d2af5c2a454c');
  assert.match(events[1]!.engineDecision!.message!, /^Pod ky-team\/evil-1: \[privileged-containers\] fail/);
  assert.equal(told(events[6]!), '  /v1/pods ky-audit/priv-warned 2026-11-22T14:27:08.188230Z');

  const [blocked] = requestsOf('kyverno', fixture('kyverno.log.ndjson'));
  assert.deepEqual(blocked!.engineDecision, {
    engine: 'kyverno',
    verdict: 'deny',
    enforced: true,
    policy: ['disallow-privileged'],
    uid: '85587ae6-65bd-41b4-9feb-c2b10f7c4504',
    operation: 'CREATE',
  });
  assert.equal(told(blocked!), 'mallory create /v1/pods ky-team/evil-1 2026-11-22T14:26:59.000000Z');
  assert.deepEqual(blocked!.caller.groups, ['interns', 'system:authenticated']);
});

test('Kyverno: a policy that could not be evaluated says neither; the same in the layout of core/v1', () => {
  const [, event] = JSON.parse(fixture('kyverno.events.json').toString()).items;
  const failed = requestOf('kyverno', { ...event, reason: 'PolicyError', action: 'Resource Passed' });
  assert.equal(judged(failed), 'undefined undefined disallow-privileged');
  const { regarding, note, reportingController, ...rest } = event;
  const core = { ...rest, involvedObject: regarding, message: note, reportingComponent: reportingController };
  assert.deepEqual(requestOf('kyverno', core).engineDecision, requestOf('kyverno', event).engineDecision);
});

test('Kubewarden: spans, and lines of policies that only watch', () => {
  const [denied, allowed] = requestsOf('kubewarden', fixture('kubewarden.otlp.json'));
  assert.equal(judged(denied!), 'deny true clusterwide-pod-privileged');
  assert.equal(denied!.engineDecision!.message, 'Privileged container is not allowed');
  assert.equal(told(denied!), ' create /v1/pods prod/bad 2026-08-22T10:11:12.125456Z');
  assert.equal(judged(allowed!), 'allow undefined clusterwide-pod-privileged');
  const [watched] = requestsOf('kubewarden', fixture('kubewarden.log.ndjson'));
  assert.equal(judged(watched!), 'deny false clusterwide-pod-privileged');
  assert.equal(watched!.engineDecision!.message, 'Privileged container is not allowed');
  assert.equal(watched!.engineDecision!.uid, '705ab4f5-6393-11e8-b7cc-42010a800002');
  assert.equal(told(watched!), ' create /v1/pods prod/bad 2026-08-22T10:11:12.123456Z');
});

test('times that cannot be believed, and none', () => {
  const at = (timestamp: unknown) => requestOf('opa', [opaEntry({}, { timestamp })]);
  for (const [timestamp, limit] of [
    ['2200-01-01T00:00:00Z', 'time-disbelieved'],
    ['0001-01-01T00:00:00Z', 'no-event-time'],
    [undefined, 'no-event-time'],
    [7, 'no-event-time'],
  ] as const) {
    const { time, began, limits } = at(timestamp);
    assert.deepEqual([time, began, limits], [undefined, undefined, [limit]]);
  }
  const line = JSON.parse(fixture('gatekeeper.log.ndjson').toString().split('\n')[1]!);
  for (const ts of [-1, 0, 1e300, 'soon', null])
    assert.equal(requestOf('gatekeeper', { ...line, ts }).time, undefined);
  const written = requestOf('gatekeeper', { ...line, ts: '2026-11-22T14:23:47.5Z' });
  assert.equal(told(written).split(' ').at(-1), '2026-11-22T14:23:47.500000Z');
});

test('a decision has its own identity, by the engine and the content', () => {
  const [one, two] = requestsOf('kubewarden', fixture('kubewarden.otlp.json'));
  assert.notEqual(one!.requestId, two!.requestId);
  const again = requestsOf('kubewarden', fixture('kubewarden.otlp.json'))[0]!;
  assert.equal(one!.requestId, again.requestId);
  assert.equal(one!.record.receivedMs, ORIGIN.receivedMs);
});

test('texts are cut to what may be carried', () => {
  const status = { message: 'x'.repeat(50_000) };
  const { engineDecision } = requestOf('opa', [
    opaEntry({}, { path: 'p'.repeat(1000), result: { response: { allowed: false, status } } }),
  ]);
  assert.equal(engineDecision!.message!.length, 4096);
  assert.equal(engineDecision!.policy![0]!.length, 253);
});
