import assert from 'node:assert/strict';
import test from 'node:test';
import { GatewatchError } from '../../../../src/errors.ts';
import { decoded, eventWith, RECEIVED_MS, recordedLines, recordOf, wrongTypesIn } from '../support.ts';

test('bodies that are left for later are what a whole parse gives', () => {
  for (const line of recordedLines()) {
    const record = recordOf(line);
    const whole = JSON.parse(record.bytes.toString());
    const request = decoded(record);
    for (const root of [...Object.keys(whole), 'requestObject', 'responseObject', 'absent']) {
      assert.deepEqual(request.field(root), whole[root]);
    }
    assert.deepEqual(request.requestObject, whole.requestObject);
    assert.deepEqual(request.responseObject, whole.responseObject);
  }
});

test('bodies may be of any type, written twice, in any order, or under an escaped name', () => {
  const body = '{"spec":{"requestObject":1}}';
  for (const text of [
    `{"verb":"get","requestObject":${body},"responseObject":[1]}`,
    `{"verb":"get","responseObject":"x","requestObject":${body}}`,
    `{"verb":"get","requestObject":1,"requestObject":${body}}`,
    `{"verb":"get","requestObject":${body},"requestObject":null}`,
    `{"verb":"get","request\\u004fbject":${body},"responseObject":{}}`,
    `{"verb":"get","requestObject":{"old":1},"request\\u004fbject":${body}}`,
    `{"verb":"get","request\\u004fbject":${body},"requestObject":{"new":1}}`,
    `{"requestObject" : 0 , "responseObject" : false, "verb":"get"}`,
    `{"verb":"get","requestObject":7.5}`,
    `{"verb":"get","x":{"requestObject":{}}}`,
  ]) {
    const request = decoded(recordOf(text));
    const whole = JSON.parse(text);
    assert.deepEqual(request.requestObject, whole.requestObject, text);
    assert.deepEqual(request.responseObject, whole.responseObject, text);
  }
});

test('a body that is not JSON is refused when it is asked for', () => {
  const record = recordOf('{"verb":"get","requestObject":{}}');
  const bytes = Buffer.from(record.bytes.toString().replace('{}', '{,'));
  const request = decoded({ ...record, bytes });
  assert.throws(
    () => request.requestObject,
    (error) => error instanceof GatewatchError && error.code === 'ITEM_NOT_JSON',
  );
});

test('a field of a wrong type is named, at the latest when the event is asked for more than a glance tells', () => {
  const text = ['level', 'auditID', 'stage', 'requestURI', 'verb', 'userAgent'];
  const objects = ['user', 'impersonatedUser', 'objectRef', 'responseStatus', 'annotations'];
  for (const [names, wrong] of [
    [text, [1, true, [], {}]],
    [objects, [1, 'x', true, []]],
  ] as const) {
    for (const name of names) {
      for (const value of wrong) {
        assert.throws(
          () => decoded(recordOf(eventWith({ [name]: value }))).field('level'),
          (error) =>
            error instanceof GatewatchError && error.code === 'ITEM_NOT_AN_EVENT' && error.where === name,
        );
      }
    }
  }
  for (const username of [['system:anonymous'], 1])
    assert.throws(() => decoded(recordOf(eventWith({ user: { username } }))), { where: 'user.username' });
  for (const event of ['{}', '{"kind":"Pod"}']) {
    assert.throws(() => decoded(recordOf(event)), { code: 'ITEM_NOT_AN_EVENT' });
  }
  assert.throws(() => decoded({ ...recordOf('{}'), bytes: Buffer.from('nonsense') }), {
    code: 'ITEM_NOT_JSON',
  });
});

test('all stages are one request; requests that share a forged auditID are not', () => {
  const id = (fields: object) => decoded(recordOf(eventWith(fields))).requestId;
  const complete = id({});
  assert.equal(id({ stage: 'RequestReceived', stageTimestamp: '2026-11-22T13:00:00.000001Z' }), complete);
  assert.equal(id({ stage: 'Panic', responseStatus: { code: 500 } }), complete);
  const others = [
    { requestReceivedTimestamp: '2026-11-22T13:00:00.000002Z' },
    { verb: 'update' },
    { requestURI: '/api/v1/namespaces/prod/pods' },
    { user: { username: 'bob' } },
    { auditID: 'a2' },
    { auditID: '' },
    { requestReceivedTimestamp: null },
  ];
  assert.equal(new Set([complete, ...others.map(id)]).size, others.length + 1);
});

test('stages are ranked by what they tell, whatever they are called', () => {
  const rank = (stage: unknown) => decoded(recordOf(eventWith({ stage }))).rank;
  const stages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic', 'constructor', null];
  assert.deepEqual(stages.map(rank), [1, 2, 3, 3, 3, 3]);
});

test('the address is the last of however many the client sends', () => {
  const forged = Array.from({ length: 500 }, (_, index) => `10.9.0.${index}`);
  const { caller } = decoded(recordOf(eventWith({ sourceIPs: [...forged, '192.0.2.1'] })));
  assert.equal(caller.sourceIp, '192.0.2.1');
});

test('a dry run is known by its query, however it is written, or by the options of a delete', () => {
  const cases: [uri: string, dryRun: boolean][] = [
    ['/api/v1/pods?dryRun=All', true],
    ['/api/v1/pods?x=1&dryRun=All&y=?', true],
    ['/api/v1/pods?dry%52un=%41ll', true],
    ['/api/v1/pods?dryRun=None&dryRun=All', true],
    ['/api/v1/pods?dryRun=None', false],
    ['/api/v1/pods?x=dryRun%3DAll', false],
    ['/api/v1/dryRun=All', false],
    ['', false],
  ];
  for (const [requestURI, dryRun] of cases) {
    assert.equal(decoded(recordOf(eventWith({ requestURI }))).dryRun, dryRun, requestURI);
  }
  const options = { requestObject: { kind: 'DeleteOptions', dryRun: ['All'] } };
  assert.equal(decoded(recordOf(eventWith({ verb: 'delete', ...options }))).dryRun, true);
  assert.equal(decoded(recordOf(eventWith({ verb: 'create', ...options }))).dryRun, false);
});

test('the time is that of the stage; one that lies ahead is not believed and said to be so', () => {
  const at = (stageTimestamp: unknown, requestReceivedTimestamp: unknown = null) => {
    const { time, limits } = decoded(recordOf(eventWith({ stageTimestamp, requestReceivedTimestamp })));
    return [time, ...limits];
  };
  const ahead = (ms: number) => new Date(RECEIVED_MS + ms).toISOString();
  assert.deepEqual(at('2026-11-22T13:00:00.000002Z'), [1_795_352_400_000_002]);
  assert.deepEqual(at('garbage', '2026-11-22T13:00:00.000001Z'), [1_795_352_400_000_001]);
  assert.deepEqual(at(ahead(300_000)), [(RECEIVED_MS + 300_000) * 1000]);
  assert.deepEqual(at(ahead(300_001)), [undefined, 'time-disbelieved']);
  assert.deepEqual(at('0001-01-01T00:00:00Z'), [undefined, 'no-event-time']);
});

test('an event of an older version has its times under their names of then', () => {
  const old = { stageTimestamp: undefined, requestReceivedTimestamp: undefined };
  const at = (fields: object) => {
    const { time, began, requestId, record } = decoded(recordOf(eventWith({ ...old, ...fields })));
    return [time, began, requestId === record.id];
  };
  const seconds = 1_540_563_736_000_000;
  const created = { metadata: { creationTimestamp: '2018-10-26T14:22:16Z' } };
  assert.deepEqual(at({ timestamp: '2018-10-26T14:22:16Z' }), [seconds, seconds, false]);
  assert.deepEqual(at(created), [seconds, seconds, false]);
  assert.deepEqual(at({ ...created, stageTimestamp: '2018-10-26T14:22:16.5Z' }), [
    seconds + 500_000,
    seconds,
    false,
  ]);
  assert.deepEqual(at({ metadata: {}, timestamp: 5 }), [undefined, undefined, true]);
});

test('what an export trimmed off is said to be missing', () => {
  const limits = (fields: object) => decoded(recordOf(eventWith(fields))).limits;
  const bare = { verb: 'create', objectRef: { resource: 'pods', namespace: 'dev' } };
  assert.deepEqual(decoded(recordOf(bare)).limits, ['no-event-time', 'status-not-recorded']);
  assert.deepEqual(limits({ responseStatus: {} }), ['status-not-recorded']);
  for (const fields of [
    {},
    { responseStatus: { code: '201' } },
    { responseStatus: { status: 'Failure' } },
    { responseStatus: {}, verb: 'get' },
    { responseStatus: {}, stage: 'RequestReceived' },
    { responseStatus: {}, annotations: { 'authorization.k8s.io/decision': 'forbid' } },
  ]) {
    assert.deepEqual(limits(fields), [], JSON.stringify(fields));
  }
});

test('a status written as text counts as its number', () => {
  const code = (value: unknown) => decoded(recordOf(eventWith({ responseStatus: { code: value } }))).code;
  assert.deepEqual(['201', 201, '0', 0, '20x', '2000', null].map(code), [
    201,
    201,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('a wrong type in the place of any field throws nothing but our own errors', () => {
  const event = JSON.parse(recordedLines().find((line) => line.includes('"mutation.webhook')) ?? '{}');
  for (const _ of wrongTypesIn(event)) {
    try {
      const request = decoded(recordOf(event));
      for (const name of Object.keys(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(request)))) {
        if (!['constructor', 'field', 'keywords'].includes(name)) Reflect.get(request, name);
      }
    } catch (error) {
      assert.ok(error instanceof GatewatchError, String(error));
    }
  }
});

test('which annotations there may be is told by their keys', () => {
  const allowed = {
    'authorization.k8s.io/decision': 'allow',
    'authorization.k8s.io/reason': 'RBAC: allowed by ClusterRoleBinding "x" of ClusterRole "y" to User "z"',
  };
  const mayHave = (annotations: object, key: string) =>
    decoded(recordOf(eventWith({ annotations }))).mayHaveAnnotation(key);
  assert.equal(mayHave(allowed, 'authorization.k8s.io/decision'), true);
  assert.equal(mayHave(allowed, 'authorization.k8s.io/reason'), true);
  assert.equal(mayHave(allowed, 'failed-open.'), false);
  const more = { ...allowed, 'failed-open.validating.webhook.admission.k8s.io/round_0_index_1': 'x' };
  assert.equal(mayHave(more, 'failed-open.'), true);
  assert.equal(mayHave(more, 'authorization.k8s.io/decision'), true);
  assert.equal(mayHave({ a: 'b', ...allowed }, 'a'), true);
});
