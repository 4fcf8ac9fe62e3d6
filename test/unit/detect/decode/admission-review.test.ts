import assert from 'node:assert/strict';
import test from 'node:test';
import { GatewatchError } from '../../../../src/errors.ts';
import { decoded, eventWith, RECEIVED_MS, recordOf, reviewRecord, wrongTypesIn } from '../support.ts';

const CREATE = {
  uid: 'u1',
  kind: { group: '', version: 'v1', kind: 'Pod' },
  resource: { group: '', version: 'v1', resource: 'pods' },
  namespace: 'dev',
  operation: 'CREATE',
  userInfo: { username: 'alice', groups: ['devs'] },
  object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p-x7', generateName: 'p-' }, spec: {} },
  oldObject: null,
  dryRun: false,
};

test('a review reads as an audit event whose answer is not known yet', () => {
  const request = decoded(reviewRecord(CREATE));
  assert.equal(request.source, 'review');
  assert.equal(request.verb, 'create');
  assert.deepEqual(request.ref, {
    resource: 'pods',
    subresource: '',
    apiGroup: '',
    apiVersion: 'v1',
    namespace: 'dev',
    name: 'p-x7',
  });
  assert.deepEqual([request.caller.name, request.caller.groups], ['alice', ['devs']]);
  assert.deepEqual(request.field('requestObject'), CREATE.object);
  assert.equal(request.oldObject, undefined);
  assert.equal(request.time, RECEIVED_MS * 1000);
  assert.equal(request.code, undefined);
});

test('operations become verbs, subresources stay', () => {
  const verb = (operation: unknown) => decoded(reviewRecord({ ...CREATE, operation })).verb;
  assert.deepEqual(['CREATE', 'UPDATE', 'DELETE', 'CONNECT'].map(verb), [
    'create',
    'update',
    'delete',
    'connect',
  ]);
  assert.deepEqual(['constructor', '__proto__', '', 1, null, 'create'].map(verb), ['', '', '', '', '', '']);
  const exec = decoded(
    reviewRecord({
      ...CREATE,
      operation: 'CONNECT',
      subResource: 'exec',
      name: 'p',
      object: { command: ['sh'] },
    }),
  );
  assert.equal(exec.ref.subresource, 'exec');
  assert.equal(exec.ref.name, 'p');
  const remove = decoded(
    reviewRecord({ ...CREATE, operation: 'DELETE', object: null, oldObject: CREATE.object }),
  );
  assert.equal(remove.requestObject, undefined);
  assert.deepEqual(remove.oldObject, CREATE.object);
  assert.equal(decoded(reviewRecord({ ...CREATE, dryRun: true })).dryRun, true);
});

test('the audit event that carries the uid of a review names it as the same request', () => {
  const annotations = { 'observer.gatewatch.dev/uid': 'u1' };
  const event = decoded(recordOf(eventWith({ annotations })));
  assert.deepEqual(event.sameAs, [decoded(reviewRecord(CREATE)).requestId]);
  assert.deepEqual(decoded(recordOf(eventWith())).sameAs, []);
});

test('what is not a review is refused', () => {
  const bytes = (text: string) => ({ ...reviewRecord({}), bytes: Buffer.from(text) });
  assert.throws(() => decoded(bytes('{')), { code: 'ITEM_NOT_JSON' });
  for (const text of ['null', '[]', '{}', '{"request":[]}', '{"request":"x"}']) {
    assert.throws(() => decoded(bytes(text)), { code: 'ITEM_NOT_AN_EVENT', where: 'request' });
  }
});

test('a wrong type in the place of any field throws nothing but our own errors', () => {
  const request: object = structuredClone(CREATE);
  for (const _ of wrongTypesIn(request)) {
    try {
      const { verb, ref, caller, requestId } = decoded(reviewRecord(request));
      for (const text of [verb, caller.name, requestId, ...Object.values(ref)])
        assert.equal(typeof text, 'string');
    } catch (error) {
      assert.ok(error instanceof GatewatchError, String(error));
    }
  }
});
