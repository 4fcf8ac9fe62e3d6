import assert from 'node:assert/strict';
import test from 'node:test';
import { CALLER_FIELDS } from '../../../../src/detect/caller/caller.ts';
import { glanceAt, objectRefOf } from '../../../../src/detect/decode/glance.ts';
import { eventWith, recordedLines, recordOf } from '../support.ts';

test('a glance at a recorded event tells what a whole parse tells', () => {
  let glanced = 0;
  const lines = recordedLines();
  for (const line of lines) {
    const record = recordOf(line);
    const glance = glanceAt(record);
    if (!glance) continue;
    glanced++;
    const event = JSON.parse(record.bytes.toString());
    const { caller, ref, objectRef, codeAlone, status, annotations, ...fields } = glance;
    assert.equal(
      codeAlone,
      JSON.stringify(Object.keys(event.responseStatus ?? {})) === '["metadata","code"]' &&
        JSON.stringify(event.responseStatus.metadata) === '{}',
    );
    assert.deepEqual(objectRefOf(glance), event.objectRef);
    for (const [name, value] of Object.entries(ref)) assert.equal(value, event.objectRef?.[name] ?? '');
    for (const name of CALLER_FIELDS) assert.deepEqual(caller.field(name), event[name]);
    assert.deepEqual(
      JSON.parse(record.bytes.toString('utf8', ...status) || 'null'),
      event.responseStatus ?? null,
    );
    assert.deepEqual(
      JSON.parse(annotations === '' ? '{}' : `{"":{${Buffer.from(annotations, 'latin1')}`)[''],
      event.annotations,
    );
    assert.deepEqual(fields, {
      level: event.level,
      auditID: event.auditID,
      stage: event.stage,
      requestURI: /[\u0080-\uffff]/.test(event.requestURI) ? undefined : event.requestURI,
      verb: event.verb,
      code: event.responseStatus?.code,
      requestReceivedTimestamp: event.requestReceivedTimestamp,
      stageTimestamp: event.stageTimestamp,
    });
  }
  assert.ok(glanced > lines.length * 0.9, `${glanced} of ${lines.length}`);
});

const glanceOf = (event: object | string) => glanceAt(recordOf(event));

test('what is laid out in another way is parsed', () => {
  const { level, auditID, ...rest } = eventWith();
  assert.ok(glanceOf(eventWith()));
  assert.ok(
    glanceOf({ kind: 'Event', apiVersion: 'audit.k8s.io/v1', ...eventWith() }),
    'a line of a log file',
  );
  assert.equal(glanceOf({ auditID, level, ...rest }), undefined, 'another order');
  assert.equal(glanceOf(JSON.stringify(eventWith(), null, 1)), undefined, 'with spaces');
  const after = { ...eventWith(), impersonatedUser: { username: 'x' } };
  assert.equal(glanceOf(after), undefined, 'a field after the annotations');
  assert.equal(glanceOf({ ...after, annotations: undefined }), undefined, 'a field after the times');
  assert.equal(glanceOf(eventWith({ stage: undefined })), undefined, 'without a stage');
  assert.equal(glanceOf(eventWith({ requestURI: '/x'.repeat(10_000) })), undefined, 'a long beginning');
});

test('no text that a client chooses is taken for a field', () => {
  const forged = '","verb":"get","objectRef":{"resource":"leases"},"responseStatus":{"code":200}';
  for (const fields of [
    { requestURI: forged },
    { userAgent: forged },
    { user: { username: forged } },
    { user: { username: 'alice', groups: [forged], extra: { [forged]: [forged] } } },
    {
      user: {
        username: 'alice',
        extra: { a: [], sourceIPs: ['1.2.3.4'], userAgent: ['x'], objectRef: ['x'] },
      },
    },
    { impersonatedUser: { username: 'a', extra: { a: [], sourceIPs: ['1.2.3.4'] } } },
    { impersonatedUser: { username: 'a', extra: { a: [], sourceIPs: [], requestReceivedTimestamp: [] } } },
    { auditID: forged },
    { objectRef: { resource: 'pods', name: forged } },
    { objectRef: { resource: 'pods', name: 'a}b', namespace: 'dev' } },
    { responseStatus: { message: forged, code: 201 } },
    { annotations: { [forged]: forged } },
  ]) {
    const event = eventWith(fields) as ReturnType<typeof eventWith> & { user: { username: string } };
    const glance = glanceOf(event);
    if (!glance) continue;
    assert.equal(glance.verb, 'create');
    assert.deepEqual(glance.caller.field('user'), event.user);
    assert.deepEqual(objectRefOf(glance), event.objectRef);
    assert.equal(glance.code, 201);
    assert.deepEqual(glance.caller.field('sourceIPs'), event.sourceIPs);
  }
});

test('what is absent is absent, and what cannot be told in a glance is parsed', () => {
  const bare = eventWith({ requestURI: '/healthz', objectRef: undefined, responseStatus: undefined });
  assert.deepEqual(
    [glanceOf(bare)?.verb, glanceOf(bare)?.objectRef, glanceOf(bare)?.code],
    ['create', undefined, undefined],
  );
  for (const fields of [
    { objectRef: 'x' },
    { objectRef: { resource: 'ä' } },
    { responseStatus: { code: '201' } },
    { user: { username: 'jürgen' } },
    { verb: 'a\\b' },
  ])
    assert.equal(glanceOf(eventWith(fields)), undefined, JSON.stringify(fields));
});
