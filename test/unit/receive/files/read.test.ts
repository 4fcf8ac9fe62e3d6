import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { GatewatchError } from '../../../../src/errors.ts';
import { findFiles, readFile } from '../../../../src/receive/files/read.ts';
import { event, eventList, LIMITS, ORIGIN } from '../support.ts';

const events = ['a', 'b', 'c'].map((auditID) => event({ auditID }));
const review = JSON.stringify({
  kind: 'AdmissionReview',
  apiVersion: 'admission.k8s.io/v1',
  request: { uid: 'u' },
});

interface Read {
  readonly items: string[];
  readonly faults: string[];
  readonly error?: string;
}

/** What reading a file of this content and name gives. */
async function read(t: TestContext, content: string | Buffer, name = 'audit.log'): Promise<Read> {
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-files-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, name);
  await writeFile(file, content);
  const items: string[] = [];
  const faults: string[] = [];
  try {
    for await (const { records, rejected } of readFile(file, ORIGIN, LIMITS)) {
      items.push(...records.map(({ bytes }) => bytes.toString()));
      faults.push(...rejected.map(({ code, where }) => `${code} ${where.replace(`${folder}/`, '')}`));
    }
  } catch (error) {
    assert.ok(error instanceof GatewatchError);
    return { items, faults, error: error.code };
  }
  return { items, faults };
}

test('JSON lines, with either end of line, empty lines, and no end of the last', async (t) => {
  for (const content of [
    events.join('\n'),
    `${events.join('\n')}\n`,
    `${events.join('\r\n')}\r\n`,
    `\n\r\n${events.join('\n\n')}\n\n`,
  ]) {
    assert.deepEqual(await read(t, content), { items: events, faults: [] });
  }
});

test('gzip by the name of the file', async (t) => {
  assert.deepEqual(await read(t, gzipSync(events.join('\n')), 'audit.log.gz'), { items: events, faults: [] });
});

test('an empty file holds nothing', async (t) => {
  assert.deepEqual(await read(t, ''), { items: [], faults: [] });
  assert.deepEqual(await read(t, gzipSync(''), 'a.gz'), { items: [], faults: [] });
});

test('a gzip file cut short gives what stands before the cut, and then says so', async (t) => {
  const many = Array.from({ length: 2000 }, (_, index) => event({ auditID: `${index}-${Math.random()}` }));
  const gzip = gzipSync(many.join('\n'));
  const { items, error } = await read(t, gzip.subarray(0, gzip.length * 0.9), 'a.gz');
  assert.equal(error, 'FILE_UNREADABLE');
  assert.ok(items.length > 1000, `${items.length} events`);
  assert.deepEqual(items, many.slice(0, items.length));
  assert.equal((await read(t, 'not gzip', 'a.gz')).error, 'FILE_UNREADABLE');
});

test('EventLists by line or pretty-printed, arrays, single events over several lines', async (t) => {
  const list = eventList(...events).toString();
  assert.deepEqual(await read(t, `${list}${list}`), { items: [...events, ...events], faults: [] });
  assert.deepEqual(await read(t, `[${events.join(',\n')}]`), { items: events, faults: [] });
  assert.deepEqual(await read(t, `[\n${events.join(',\n')}\n]\n`), { items: events, faults: [] });
  for (const value of [JSON.parse(events[0]!), JSON.parse(list), events.map((one) => JSON.parse(one))]) {
    const { items, faults } = await read(t, JSON.stringify(value, null, 2));
    assert.deepEqual(faults, []);
    const expected = [value.items ?? value].flat();
    assert.deepEqual(
      items.map((one) => JSON.parse(one)),
      expected,
    );
  }
});

test('AdmissionReviews among events', async (t) => {
  assert.deepEqual(await read(t, `${events[0]}\n${review}\n`), { items: [events[0], review], faults: [] });
});

test('an event that mentions the other kinds is an event', async (t) => {
  const item = event({ userAgent: 'EventList', requestObject: { kind: 'AdmissionReview', x: 'EventList' } });
  assert.deepEqual(await read(t, item), { items: [item], faults: [] });
});

test('bad lines are rejected with their number, and the good around them kept', async (t) => {
  const lines = [
    events[0],
    'nonsense',
    '{"a":',
    'null',
    '[[[]]]',
    events[1],
    '{"kind":"EventList"}',
    `${events[2]}x`,
  ];
  assert.deepEqual(await read(t, lines.join('\n')), {
    items: [events[0], events[1]],
    faults: [
      'ITEM_NOT_JSON audit.log:2',
      'ITEM_NOT_JSON audit.log:3',
      'ITEM_NOT_OBJECT audit.log:4',
      'ITEM_NOT_OBJECT audit.log:5[0]',
      'BODY_NOT_EVENT_LIST audit.log:7 body',
      'ITEM_NOT_JSON audit.log:8',
    ],
  });
});

test('a line longer than a body may be is rejected and passed over', async (t) => {
  const long = event({ userAgent: 'x'.repeat(3 * LIMITS.body_bytes_max) });
  const { items, faults } = await read(t, `${events[0]}\n${long}\n${events[1]}\n`);
  assert.deepEqual(items, [events[0], events[1]]);
  assert.deepEqual(faults, ['ITEM_NOT_JSON audit.log:2']);
  const list = eventList(long).toString();
  const longList = await read(t, `${list}${events[0]}`);
  assert.deepEqual(longList, { items: [events[0]], faults: ['BODY_NOT_JSON audit.log:1 byte 1000001'] });
});

test('one document larger than a body may be is refused', async (t) => {
  const document = JSON.stringify(Array(5000).fill(JSON.parse(events[0]!)), null, 2);
  assert.ok(document.length > LIMITS.body_bytes_max);
  assert.equal((await read(t, document)).error, 'BODY_TOO_LARGE');
});

test('an array nested without end neither recurses nor stops the file', async (t) => {
  const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const { items, faults } = await read(t, `${events[0]}\n${nested}\n${events[1]}`);
  assert.deepEqual(items, [events[0], events[1]]);
  assert.equal(faults.length, 1);
});

test('an array has no more events than a batch may have', async (t) => {
  const { items, faults } = await read(
    t,
    `[${Array(LIMITS.batch_items_max + 5)
      .fill(events[0])
      .join(',')}]`,
  );
  assert.equal(items.length, LIMITS.batch_items_max);
  assert.deepEqual(faults, ['BATCH_TOO_MANY_ITEMS audit.log:1']);
});

test('folders are searched for event files, by name; a file that is named is taken whatever its name', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-files-'));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'inner'));
  for (const name of ['b.log', 'a.ndjson.gz', 'inner/c.json', 'notes.txt', 'policy.yaml']) {
    await writeFile(join(folder, name), '');
  }
  const found = await findFiles([folder, join(folder, 'notes.txt')]);
  assert.deepEqual(
    found.map(({ path }) => path.replace(`${folder}/`, '')),
    ['a.ndjson.gz', 'b.log', 'inner/c.json', 'notes.txt'],
  );
  await assert.rejects(findFiles([join(folder, 'absent')]), { code: 'FILE_UNREADABLE' });
});
