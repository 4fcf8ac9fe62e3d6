import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { GatewatchError } from '../../src/errors.ts';
import type {
  Batch,
  ConsumerHandler,
  DeliveredEntry,
  Log,
  LogEntry,
  Progress,
  Topic,
} from '../../src/log/port.ts';

/** One place where a log is kept, empty at first. */
export interface LogStorage {
  /** Opens the log that is kept here. Called again after `close`: a restart. */
  open(): Promise<Log>;
  remove(): Promise<void>;
}

const MEBIBYTE = 1024 * 1024;

/** What every implementation of the `Log` port must do. `create` gives each test a storage of its own. */
export function logContract(name: string, create: () => Promise<LogStorage>): void {
  describe(`log contract: ${name}`, () => {
    /** A storage, and logs opened on it, that go away with the test. */
    async function setUp(t: TestContext): Promise<{ open: () => Promise<Log> }> {
      const storage = await create();
      const opened: Log[] = [];
      t.after(async () => {
        for (const log of opened) await log.close();
        await storage.remove();
      });
      return {
        async open() {
          const log = await storage.open();
          opened.push(log);
          return log;
        },
      };
    }

    test('entries of a key arrive in order, each once, with dense offsets', async (t) => {
      const log = await (await setUp(t)).open();
      for (let round = 0; round < 20; round++) {
        await log.append('records', [entry('a', `${round}`), entry('b', `${round}`), entry('c', `${round}`)]);
      }
      const seen = await readAll(log, 'detect');
      for (const key of ['a', 'b', 'c']) assert.deepEqual(valuesOf(seen, key), upTo(20));
      assert.equal(seen.length, 60);
    });

    test('what is appended while a consumer runs reaches it', async (t) => {
      const log = await (await setUp(t)).open();
      const sink = new Sink();
      const consumer = await log.consume('signals', 'correlate', sink);
      await consumer.drained();
      for (let round = 0; round < 30; round++) {
        await log.append('signals', [entry('k', `${round}`)]);
        if (round % 10 === 9) await consumer.drained();
      }
      await consumer.drained();
      assert.deepEqual(valuesOf(sink.entries, 'k'), upTo(30));
    });

    test('topics do not mix', async (t) => {
      const log = await (await setUp(t)).open();
      await log.append('records', [entry('k', 'record')]);
      await log.append('dead-letters', [entry('k', 'dead letter')]);
      await log.append('alerts', [entry('k', 'alert')]);
      assert.deepEqual(valuesOf(await readAll(log, 'g', 'dead-letters'), 'k'), ['dead letter']);
      assert.deepEqual(valuesOf(await readAll(log, 'g', 'records'), 'k'), ['record']);
      assert.deepEqual(valuesOf(await readAll(log, 'g', 'signals'), 'k'), []);
    });

    test('read looks at entries from an offset on and moves no group', async (t) => {
      const log = await (await setUp(t)).open();
      for (const value of upTo(7)) await log.append('dead-letters', [entry('k', value)]);
      const read = await log.read('dead-letters', 2, 3);
      assert.deepEqual(
        read.map(({ offset, value }) => [offset, value.toString()]),
        [
          [2, '2'],
          [3, '3'],
          [4, '4'],
        ],
      );
      assert.equal((await log.read('dead-letters', 7, 10)).length, 0);
      assert.equal((await log.read('dead-letters', 0, 100)).length, 7);
      assert.deepEqual(valuesOf(await readAll(log, 'g', 'dead-letters'), 'k'), upTo(7));
    });

    test('every partition can be looked at, up to its end', async (t) => {
      const log = await (await setUp(t)).open();
      const keys = upTo(40).map((number) => `key-${number}`);
      await log.append(
        'records',
        keys.map((key) => entry(key, key)),
      );
      const ends = await log.ends('records');
      const parts = await Promise.all(ends.map((_, partition) => log.read('records', 0, 100, partition)));
      for (const [partition, part] of parts.entries())
        assert.equal((part.at(-1)?.offset ?? -1) + 1, ends[partition]);
      assert.deepEqual(parts.flatMap((part) => part.map(({ key }) => key)).sort(), keys.sort());
    });

    test('concurrent appends of many callers: nothing is lost, each caller keeps its order', async (t) => {
      const log = await (await setUp(t)).open();
      const callers = upTo(40).map((caller) => `caller-${caller}`);
      await Promise.all(
        callers.map(async (caller) => {
          for (let round = 0; round < 25; round++) await log.append('records', [entry(caller, `${round}`)]);
        }),
      );
      const seen = await readAll(log, 'detect');
      for (const caller of callers) assert.deepEqual(valuesOf(seen, caller), upTo(25));
      assert.equal(seen.length, 1000);
    });

    test('an append larger than any batch is one append and many batches', async (t) => {
      const log = await (await setUp(t)).open();
      const sent = upTo(2_500).map((n) => entry('k', n));
      await log.append('records', sent);
      const sink = new Sink();
      const consumer = await log.consume('records', 'detect', sink);
      await consumer.drained();
      assert.deepEqual(valuesOf(sink.entries, 'k'), upTo(2_500));
      assert.ok(sink.batches.length > 1, 'a consumer is never handed the whole backlog at once');
    });

    test('keys, headers and values come back as they were', async (t) => {
      const log = await (await setUp(t)).open();
      const sent: LogEntry[] = [
        { key: 'prod/', value: Buffer.alloc(0), headers: {} },
        { key: '', value: Buffer.from([0, 255, 10, 13, 0, 0xc3, 0x28]), headers: { kind: 'audit.event' } },
        {
          key: 'prod/größe-名前-🚪',
          value: randomBytes(5 * MEBIBYTE),
          headers: { who: 'Zoë — 守衛 🚪', empty: '' },
        },
        { key: 'prod/"quoted"\\\n', value: Buffer.from('{"a":1}'), headers: { 'x-y': 'a,b c' } },
      ];
      await log.append('records', sent);
      await log.append('records', [{ key: 'last', value: randomBytes(10), headers: {} }]);
      const seen = await readAll(log, 'detect');
      for (const { key, value, headers } of sent) {
        const found = seen.find((one) => one.key === key);
        assert.deepEqual(found && { key: found.key, headers: { ...found.headers } }, { key, headers });
        assert.ok(found?.value.equals(value), `value of ${JSON.stringify(key)}`);
      }
      assert.equal(seen.length, 5);
    });

    test("the caller's memory is its own again once append resolves", async (t) => {
      const log = await (await setUp(t)).open();
      const value = Buffer.from('before');
      await log.append('records', [{ key: 'k', value, headers: {} }]);
      value.write('AFTER!');
      assert.deepEqual(valuesOf(await readAll(log, 'detect'), 'k'), ['before']);
    });

    test('an append of nothing resolves', async (t) => {
      const log = await (await setUp(t)).open();
      await log.append('records', []);
      assert.equal((await readAll(log, 'detect')).length, 0);
    });

    test('after a restart a group goes on where it was', async (t) => {
      const { open } = await setUp(t);
      const first = await open();
      await first.append('records', [entry('k', '0'), entry('k', '1')]);
      assert.equal((await readAll(first, 'detect')).length, 2);
      await first.append('records', [entry('k', '2')]);
      await first.close();

      const second = await open();
      await second.append('records', [entry('k', '3')]);
      const seen = await readAll(second, 'detect');
      assert.deepEqual(valuesOf(seen, 'k'), ['2', '3']);
      assert.deepEqual(offsetsOf(seen), [2, 3]);
    });

    test('two groups of a topic are independent', async (t) => {
      const { open } = await setUp(t);
      const log = await open();
      await log.append('alerts', [entry('k', '0'), entry('k', '1')]);
      assert.equal((await readAll(log, 'index-a', 'alerts')).length, 2);
      await log.append('alerts', [entry('k', '2')]);
      assert.deepEqual(valuesOf(await readAll(log, 'index-b', 'alerts'), 'k'), ['0', '1', '2']);
      assert.deepEqual(valuesOf(await readAll(log, 'index-a', 'alerts'), 'k'), ['2']);
    });

    test('an error of the handler stops the consumer, and its batch comes again after a restart', async (t) => {
      const { open } = await setUp(t);
      const first = await open();
      await first.append('records', [entry('k', '0')]);
      assert.equal((await readAll(first, 'detect')).length, 1);
      await first.append('records', [entry('k', '1'), entry('k', '2')]);
      const broken = new Error('a rule that throws');
      let calls = 0;
      const consumer = await first.consume('records', 'detect', {
        async process() {
          calls++;
          throw broken;
        },
      });
      const drained = assert.rejects(consumer.drained(), broken);
      await assert.rejects(consumer.closed, broken);
      await drained;
      await assert.rejects(consumer.drained(), broken);
      await first.append('records', [entry('k', '3')]);
      await consumer.close();
      assert.equal(calls, 1);
      await first.close();

      const seen = await readAll(await open(), 'detect');
      assert.deepEqual(valuesOf(seen, 'k'), ['1', '2', '3'], 'committed only what was processed');
    });

    test('an error while state is set up stops the consumer', async (t) => {
      const log = await (await setUp(t)).open();
      const broken = new Error('no table');
      const consumer = await log.consume('records', 'detect', {
        assigned: () => Promise.reject(broken),
        process: async () => undefined,
      });
      await assert.rejects(consumer.closed, broken);
    });

    test('close finishes and commits the batch in hand', async (t) => {
      const { open } = await setUp(t);
      const first = await open();
      await first.append('records', [entry('k', '0')]);
      const begun = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      const consumer = await first.consume('records', 'detect', {
        async process() {
          begun.resolve();
          await goOn.promise;
          // The log's own close waits for its consumers, so a stage can still hand on what it made.
          await first.append('signals', [entry('s', 'made of 0')]);
          return undefined;
        },
      });
      await begun.promise;
      const closed = first.close();
      goOn.resolve();
      await closed;
      await consumer.closed;

      const second = await open();
      assert.equal((await readAll(second, 'detect')).length, 0);
      assert.deepEqual(valuesOf(await readAll(second, 'correlate', 'signals'), 's'), ['made of 0']);
    });

    test('a consumer that was closed processes no more, and draining it rejects', async (t) => {
      const log = await (await setUp(t)).open();
      const sink = new Sink();
      const consumer = await log.consume('records', 'detect', sink);
      await consumer.drained();
      await consumer.close();
      await consumer.closed;
      await log.append('records', [entry('k', 'v')]);
      await assert.rejects(consumer.drained(), hasCode('LOG_UNAVAILABLE'));
      assert.equal(sink.entries.length, 0);
      assert.equal((await readAll(log, 'detect')).length, 1);
    });

    test('state is restored: from restoreFrom to the committed offset, marked, and then live', async (t) => {
      const { open } = await setUp(t);
      const first = await open();
      await first.append(
        'signals',
        upTo(8).map((n) => entry('k', n)),
      );
      const before = new Sink(() => ({ restoreFrom: 3 }));
      await consumeAll(first, 'signals', 'correlate', before);
      await first.append('signals', [entry('k', '8')]);
      await first.close();

      for (const restart of [1, 2]) {
        const log = await open();
        // While restoring, what a handler reports comes from half a state: it must not move anything.
        const sink = new Sink((batch) => ({ restoreFrom: batch.restoring ? 99 : 3 }));
        const consumer = await log.consume('signals', 'correlate', sink);
        await consumer.drained();
        const restored = sink.batches.filter(({ restoring }) => restoring).flatMap(({ entries }) => entries);
        const live = sink.batches.filter(({ restoring }) => !restoring).flatMap(({ entries }) => entries);
        assert.deepEqual(
          offsetsOf(restored),
          [3, 4, 5, 6, 7, 8].slice(0, 4 + restart),
          'ends where committed',
        );
        assert.deepEqual(offsetsOf(live), restart === 1 ? [8] : []);
        const marks = sink.batches.map(({ restoring }) => restoring);
        assert.deepEqual(marks, [...marks].sort().reverse(), 'nothing is restored once live');
        await log.close();
      }
    });

    test('without restoreFrom nothing is restored', async (t) => {
      const { open } = await setUp(t);
      const first = await open();
      await first.append('signals', [entry('k', '0'), entry('k', '1')]);
      await consumeAll(first, 'signals', 'correlate', new Sink(() => ({ restoreFrom: 0 })));
      await first.append('signals', [entry('k', '2')]);
      await first.close();
      const second = await open();
      await consumeAll(second, 'signals', 'correlate', new Sink());
      await second.close();
      assert.equal((await readAll(await open(), 'correlate', 'signals')).length, 0);
    });

    test('a handler is told of its partitions before it is given their entries', async (t) => {
      const log = await (await setUp(t)).open();
      await log.append('records', [entry('k', 'v')]);
      const calls: string[] = [];
      const consumer = await log.consume('records', 'detect', {
        async assigned(partition) {
          calls.push(`assigned ${partition}`);
        },
        async process({ partition }) {
          calls.push(`process ${partition}`);
          return undefined;
        },
      });
      await consumer.drained();
      const processed = calls.find((call) => call.startsWith('process'))!;
      const assigned = processed.replace('process', 'assigned');
      assert.ok(calls.indexOf(assigned) >= 0 && calls.indexOf(assigned) < calls.indexOf(processed));
    });

    test('table holds the latest entry of each key; an empty value deletes', async (t) => {
      const { open } = await setUp(t);
      const first = await open();
      const labelled: LogEntry = { key: 'prod/web', value: Buffer.from('v2'), headers: { by: 'Zoë' } };
      await first.append('namespaces', [
        entry('prod/web', 'v1'),
        entry('prod/db', 'v1'),
        entry('prod/tmp', 'v1'),
      ]);
      await first.append('namespaces', [labelled, entry('prod/tmp', '')]);
      await first.append('namespaces', [
        entry('prod/gone', 'v1'),
        entry('prod/gone', ''),
        entry('prod/new', 'v1'),
      ]);
      const sink = new Sink();
      await consumeAll(first, 'namespaces', 'detect', sink);
      const partitions = new Set(sink.batches.map(({ partition }) => partition));
      const expected = [
        ['prod/db', 'v1', {}],
        ['prod/new', 'v1', {}],
        ['prod/web', 'v2', { by: 'Zoë' }],
      ];
      assert.deepEqual(await tableOf(first, partitions), expected);
      await first.close();
      assert.deepEqual(await tableOf(await open(), partitions), expected);
    });

    test('after close the log answers LOG_UNAVAILABLE; closing twice is closing once', async (t) => {
      const log = await (await setUp(t)).open();
      await log.append('records', [entry('k', 'v')]);
      await Promise.all([log.close(), log.close()]);
      await log.close();
      await assert.rejects(log.append('records', [entry('k', 'v')]), hasCode('LOG_UNAVAILABLE'));
      await assert.rejects(log.consume('records', 'detect', new Sink()), hasCode('LOG_UNAVAILABLE'));
      await assert.rejects(log.table('namespaces', 0), hasCode('LOG_UNAVAILABLE'));
    });

    test('appends in flight when the log is closed are stored or refused, never half', async (t) => {
      const { open } = await setUp(t);
      const first = await open();
      const appends = upTo(20).map((n) => first.append('records', [entry(n, 'a'), entry(n, 'b')]));
      const closed = first.close();
      const outcomes = await Promise.allSettled(appends);
      await closed;
      const seen = await readAll(await open(), 'detect');
      for (const [index, outcome] of outcomes.entries()) {
        const values = valuesOf(seen, `${index}`);
        assert.deepEqual(values, outcome.status === 'fulfilled' ? ['a', 'b'] : []);
      }
    });
  });
}

/** Keeps what it is given. */
class Sink implements ConsumerHandler {
  readonly batches: Batch[] = [];
  readonly #progress: (batch: Batch) => Progress | undefined;

  constructor(progress: (batch: Batch) => Progress | undefined = () => undefined) {
    this.#progress = progress;
  }

  get entries(): DeliveredEntry[] {
    return this.batches.flatMap(({ entries }) => entries);
  }

  async process(batch: Batch): Promise<Progress | undefined> {
    this.batches.push(batch);
    return this.#progress(batch);
  }
}

/** Hands the handler all there is, and closes. */
async function consumeAll(log: Log, topic: Topic, group: string, handler: ConsumerHandler): Promise<void> {
  const consumer = await log.consume(topic, group, handler);
  await consumer.drained();
  await consumer.close();
}

async function readAll(log: Log, group: string, topic: Topic = 'records'): Promise<DeliveredEntry[]> {
  const sink = new Sink();
  await consumeAll(log, topic, group, sink);
  return sink.entries;
}

async function tableOf(log: Log, partitions: Iterable<number>): Promise<unknown[]> {
  const tables = await Promise.all(Array.from(partitions, (partition) => log.table('namespaces', partition)));
  return tables
    .flat()
    .map(({ key, value, headers }) => [key, value.toString(), { ...headers }])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}

function entry(key: string, value: string): LogEntry {
  return { key, value: Buffer.from(value), headers: {} };
}

function upTo(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${index}`);
}

function valuesOf(entries: readonly LogEntry[], key: string): string[] {
  return entries.filter((one) => one.key === key).map(({ value }) => value.toString());
}

function offsetsOf(entries: readonly DeliveredEntry[]): number[] {
  return entries.map(({ offset }) => offset);
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof GatewatchError && error.code === code;
}
