import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { changesOf, parseObject } from '../../src/detect/decode/managed-fields.ts';
import { RUNS } from './runs.ts';

/** Texts that look like the end of managed fields, or like them. */
const texts = fc
  .array(fc.constantFrom(']}', ',"', '"managedFields":[', '\\', '"', 'a', ']', '}', '"time":"', 'é'), {
    maxLength: 4,
  })
  .map((parts) => parts.join(''));
/** In keys JSON has to escape nothing: JSON.parse itself may mistake one in which it does (src/record/untrusted-json.ts). */
const keys = fc.oneof(
  texts.map((text) => text.replaceAll(/[\\"]/g, '')),
  fc.constantFrom('metadata', 'managedFields', 'manager', 'time', 'spec', 'f:spec'),
);
const { value: anything } = fc.letrec<Record<'value', unknown>>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    texts,
    fc.constantFrom(0, 1, null, true),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(keys, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));

/** Entries as the API server writes them (k8s.io/apimachinery/pkg/apis/meta/v1, ManagedFieldsEntry). */
const fields = fc.dictionary(
  keys.map((key) => `f:${key}`),
  fc.constant({}),
  { maxKeys: 3, noNullPrototype: true },
);
const entries: fc.Arbitrary<object[]> = fc.array(
  fc.record(
    {
      manager: fc.oneof(fc.constantFrom('kubectl', 'argocd-controller'), texts),
      operation: fc.constantFrom('Apply', 'Update'),
      apiVersion: fc.constant('v1'),
      time: fc.constantFrom('2026-11-22T12:00:00Z', '2026-11-22T12:00:09Z'),
      fieldsType: fc.constant('FieldsV1'),
      fieldsV1: fc.record({ 'f:metadata': fields, 'f:spec': fields }),
    },
    { requiredKeys: ['manager'], noNullPrototype: true },
  ),
  { minLength: 1, maxLength: 3 },
);

/** Objects of Kubernetes, and what a client may send in their place. */
const metadata = fc.record(
  { name: texts, labels: anything, managedFields: fc.oneof(entries, anything) },
  { requiredKeys: [], noNullPrototype: true },
);
const objects = fc.record(
  {
    kind: fc.constant('Pod'),
    metadata: fc.oneof(metadata, anything),
    spec: fc.record({ template: fc.record({ metadata }) }),
    items: fc.array(fc.record({ metadata, spec: anything })),
  },
  { requiredKeys: [], noNullPrototype: true },
);

test('an object is the same whether or not its managed fields are parsed with it', () => {
  let later = 0;
  fc.assert(
    fc.property(fc.oneof(objects, anything), (object) => {
      const text = JSON.stringify(object);
      const parsed = parseObject(text);
      if (isLeftForLater(parsed)) later++;
      assert.equal(JSON.stringify(parsed), text);
    }),
    { numRuns: RUNS },
  );
  assert.ok(later > RUNS / 50, `left for later in ${later} of ${RUNS}`);
});

/** Entries that say something twice, spell a key in another way or hold other entries: no API server writes them, a client may. */
const odd = fc.record(
  {
    manager: texts,
    'manager\u0001': anything,
    'm\u0002nager': anything,
    'time\u0001': anything,
    fieldsV1: fc.oneof(entries, anything),
  },
  { requiredKeys: [], noNullPrototype: true },
);
const merged = fc.tuple(entries, odd, fc.nat()).map(([all, other, which]) => {
  const index = which % all.length;
  return all.with(index, { ...all[index]!, ...other });
});

test('what changed an object is told without parsing it, as the managed fields say', () => {
  let later = 0;
  fc.assert(
    fc.property(fc.oneof(entries, merged), (managedFields) => {
      const text = JSON.stringify({ metadata: { name: 'a', managedFields }, spec: {} })
        .replaceAll('\\u0001":', '":')
        .replaceAll('\\u0002', '\\u0061');
      const parsed = parseObject(text);
      assert.deepEqual(changesOf(parsed), changesOf(JSON.parse(text)));
      if (isLeftForLater(parsed)) later++;
    }),
    { numRuns: RUNS },
  );
  assert.ok(later > RUNS / 20, `told without parsing in ${later} of ${RUNS}`);
});

test('who changed an object, and when', () => {
  const entry = (manager: string, time?: string) => ({
    manager,
    operation: 'Update',
    apiVersion: 'v1',
    time,
  });
  const managedFields = [entry('helm', '2026-11-22T12:00:00Z'), entry(''), entry('"kubectl"')];
  assert.deepEqual(changesOf(parseObject(JSON.stringify({ metadata: { name: 'a', managedFields } }))), {
    managers: ['helm', '"kubectl"'],
    times: ['2026-11-22T12:00:00Z'],
  });
});

test('what is wrong in managed fields is told when they are asked for', () => {
  const parsed = parseObject('{"metadata":{"name":"a","managedFields":[{]},"spec":{}}') as {
    metadata: { managedFields: unknown };
  };
  assert.throws(() => parsed.metadata.managedFields, { code: 'ITEM_NOT_JSON' });
  assert.throws(() => parseObject('{"metadata":{"name":"a","managedFields":[]},"spec":{'), {
    code: 'ITEM_NOT_JSON',
  });
});

function isLeftForLater(object: unknown): boolean {
  const metadata: unknown = (object as { metadata?: unknown } | null)?.metadata;
  if (typeof metadata !== 'object' || metadata === null) return false;
  return Object.getOwnPropertyDescriptor(metadata, 'managedFields')?.get !== undefined;
}
