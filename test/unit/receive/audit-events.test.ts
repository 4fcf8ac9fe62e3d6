import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewatchError } from '../../../src/errors.ts';
import { parseEvent, parseEventList } from '../../../src/receive/audit-events.ts';
import type { ReceivedRecord } from '../../../src/record/record.ts';
import { event, eventList, LIMITS, ORIGIN } from './support.ts';

function parse(body: Buffer) {
  return parseEventList(body, ORIGIN, LIMITS);
}

function one(item: string): ReceivedRecord {
  const { records, rejected } = parse(eventList(item));
  assert.deepEqual(rejected, []);
  assert.equal(records.length, 1);
  return records[0]!;
}

function code(body: string | Buffer): string {
  try {
    parse(Buffer.from(body));
  } catch (error) {
    if (error instanceof GatewatchError) return `${error.code} ${error.where}`;
    throw error;
  }
  return 'none';
}

/** The bodies that a record's spans name. */
function bodiesOf({ bytes, bodies }: ReceivedRecord): string[] {
  return Array.from({ length: bodies.length / 2 }, (_, index) =>
    bytes.toString('utf8', bodies[2 * index], bodies[2 * index + 1]),
  );
}

test('events keep their bytes, whatever their spaces, order and numbers', () => {
  const items = [
    event(),
    '{ "verb" : "get",\n\t"requestURI":"/x"   }',
    '{"big":9007199254740993,"float":1.0,"exponent":1E+2,"verb":"get"}',
    '{"requestURI":"/ü/\\u00fc/\\ud83d\\ude00","verb":"get"}',
  ];
  const { records, rejected } = parse(eventList(...items.map((item) => ` ${item}\r\n`)));
  assert.deepEqual(rejected, []);
  assert.deepEqual(
    records.map(({ bytes }) => bytes.toString()),
    items,
  );
});

test('the fields of the EventList may come in any order, with spaces and escapes', () => {
  const item = event();
  for (const body of [
    `{"items":[${item}],"metadata":{"items":[1]},"apiVersion":"audit.k8s.io/v1","kind":"EventList"}`,
    `\n {\t"apiVersion" : "audit.k8s.io/v1" , "items" : [ ${item} ] , "kind" : "EventList" } \r\n`,
    `{"\\u006bind":"EventList","apiVersion":"audit.k8s.io/v1","i\\u0074ems":[${item}]}`,
  ]) {
    assert.deepEqual(
      parse(Buffer.from(body)).records.map(({ bytes }) => bytes.toString()),
      [item],
    );
  }
});

test('the identity is that of cluster and bytes', () => {
  const [first, second] = parse(eventList(event(), event())).records;
  assert.equal(first!.id, second!.id);
  assert.equal(first!.id, parseEvent(Buffer.from(event()), ORIGIN, LIMITS, 'line').records[0]!.id);
  const elsewhere = parseEventList(eventList(event()), { ...ORIGIN, cluster: 'other' }, LIMITS);
  assert.notEqual(first!.id, elsewhere.records[0]!.id);
});

test('requestObject and responseObject are found wherever they stand', () => {
  const request = '{"metadata":{"annotations":{"a":"\\",\\"responseObject\\":"}}}';
  const response = '{"requestObject":{"not":"this"}}';
  assert.deepEqual(
    bodiesOf(one(`{"verb":"x","requestObject":${request},"responseObject":${response},"z":1}`)),
    [request, response],
  );
  assert.deepEqual(
    bodiesOf(one(`{"responseObject": ${response} , "requestObject" :${request},"verb":"x"}`)),
    [response, request],
  );
  assert.deepEqual(bodiesOf(one(`{"verb":"x","responseObject":null}`)), ['null']);
  assert.deepEqual(bodiesOf(one(`{"verb":"x","requestObject":[{"op":"add"}],"metadata":{}}`)), [
    '[{"op":"add"}]',
  ]);
  assert.deepEqual(bodiesOf(one('{"verb":"x"}')), []);
  // Keys of the same length, and deeper ones, are not they.
  assert.deepEqual(bodiesOf(one('{"verb":"x","requestObjecT":{},"x":{"requestObject":{}}}')), []);
});

test('spans name the bodies for any event', () => {
  const body = fc.option(fc.jsonValue({ maxDepth: 3 }), { nil: undefined });
  fc.assert(
    fc.property(body, body, fc.boolean(), fc.jsonValue(), (request, response, swap, other) => {
      const bodies = [
        ...(request === undefined ? [] : [['requestObject', request]]),
        ...(response === undefined ? [] : [['responseObject', response]]),
      ] as [string, unknown][];
      if (swap) bodies.reverse();
      const record = one(JSON.stringify(Object.fromEntries([['verb', 'x'], ...bodies, ['other', other]])));
      assert.deepEqual(
        bodiesOf(record),
        bodies.map(([, value]) => JSON.stringify(value)),
      );
    }),
  );
});

test('an event with escaped keys is decoded whole', () => {
  const record = one('{"verb":"x","request\\u004fbject":{"a":1},"responseObject":{"b":2}}');
  assert.deepEqual(record.bodies, []);
  const named = one('{"verb":"x","\\u006fbjectRef":{"resource":"pods","namespace":"web"}}');
  assert.equal(named.key, 'prod/web');
});

test('records are keyed by namespace; a Namespace is its own', () => {
  const keyOf = (ref: unknown): string => one(event({ objectRef: ref })).key;
  assert.equal(keyOf({ resource: 'pods', namespace: 'web', name: 'x' }), 'prod/web');
  assert.equal(keyOf({ resource: 'namespaces', name: 'web' }), 'prod/web');
  assert.equal(
    keyOf({ resource: 'namespaces', name: 'web', namespace: 'web', subresource: 'status' }),
    'prod/web',
  );
  assert.equal(keyOf({ resource: 'namespaces', namespace: 'web' }), 'prod/web');
  assert.equal(keyOf({ resource: 'nodes', name: 'n' }), 'prod/');
  assert.equal(keyOf({ resource: 'pods', namespace: ['web'] }), 'prod/');
  for (const ref of [null, 7, 'pods', [], undefined]) assert.equal(keyOf(ref), 'prod/');
  assert.equal(one('{"verb":"x","objectRef":{"namespace":"a"},"objectRef":{"namespace":"b"}}').key, 'prod/b');
  assert.equal(one('{"verb":"x","objectRef":{"__proto__":{"namespace":"a"}}}').key, 'prod/');
});

test('what is not an event is rejected with its place, and the rest is kept', () => {
  const deep = `{"a":${'['.repeat(60)}${']'.repeat(60)}}`;
  const large = event({ userAgent: 'x'.repeat(LIMITS.item_bytes_max) });
  const notUtf8 = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
  const items = [
    event(),
    'null',
    '7',
    '"text"',
    '[1]',
    'true',
    deep,
    large,
    notUtf8,
    event({ auditID: 'last' }),
  ];
  const { records, rejected } = parse(eventList(...items));
  assert.deepEqual(
    records.map(({ bytes }) => bytes.toString()),
    [items[0], items.at(-1)],
  );
  assert.deepEqual(
    rejected.map(({ code, where }) => `${code} ${where}`),
    [
      ...[1, 2, 3, 4, 5].map((index) => `ITEM_NOT_OBJECT items[${index}]`),
      'ITEM_TOO_DEEP items[6]',
      'ITEM_TOO_LARGE items[7]',
      'ITEM_NOT_UTF8 items[8]',
    ],
  );
  assert.deepEqual(rejected[6]!.bytes, Buffer.from(large).subarray(0, LIMITS.item_bytes_max));
  assert.deepEqual(rejected[7]!.bytes, notUtf8);
});

test('a body that is not an EventList is refused with the place of the fault', () => {
  assert.equal(code(''), 'BODY_NOT_JSON byte 0');
  assert.equal(code('   '), 'BODY_NOT_JSON byte 3');
  assert.equal(code('hello'), 'BODY_NOT_JSON byte 0');
  assert.equal(code('{"kind":"EventList"'), 'BODY_NOT_JSON byte 19');
  assert.equal(code(`${eventList(event())}x`), `BODY_NOT_JSON byte ${eventList(event()).length}`);
  assert.equal(
    code(eventList(event()).subarray(0, -3)),
    `BODY_NOT_JSON byte ${eventList(event()).length - 3}`,
  );
  assert.equal(code('[]'), 'BODY_NOT_EVENT_LIST body');
  assert.equal(code('null'), 'BODY_NOT_EVENT_LIST body');
  assert.equal(code('{}'), 'BODY_NOT_EVENT_LIST body');
  assert.equal(code('{"kind":"EventList","apiVersion":"audit.k8s.io/v1"}'), 'BODY_NOT_EVENT_LIST body');
  assert.equal(code('{"kind":"EventList","apiVersion":"v1","items":[]}'), 'BODY_NOT_EVENT_LIST body');
  assert.equal(
    code('{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":{}}'),
    'BODY_NOT_EVENT_LIST body',
  );
  assert.equal(code(eventList(...Array(101).fill('{}'))), 'BATCH_TOO_MANY_ITEMS items');
  assert.equal(code(eventList('{"a":1}', '{"a" 1}')).split(' ')[0], 'BODY_NOT_JSON');
});

test('a list without items is a good list', () => {
  assert.deepEqual(parse(eventList()), { records: [], rejected: [] });
});

test('a line that is not JSON is a rejection with its bytes', () => {
  for (const line of [
    '',
    'x',
    '{',
    '{"a":1}}',
    '{"a":1} {"b":2}',
    `{"a":"${'x'.repeat(LIMITS.item_bytes_max)}`,
  ]) {
    const { records, rejected } = parseEvent(Buffer.from(line), ORIGIN, LIMITS, 'audit.log:3');
    assert.deepEqual(records, []);
    assert.equal(rejected.length, 1);
    assert.equal(rejected[0]!.code, 'ITEM_NOT_JSON');
    assert.equal(rejected[0]!.where, 'audit.log:3');
    assert.equal(rejected[0]!.bytes.toString(), line.slice(0, LIMITS.item_bytes_max));
  }
});
