import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import kafkajs from 'kafkajs';
import type { KafkaLog, KafkaLogObserver, KafkaLogOptions } from '../../../../src/log/kafka/log.ts';
import type { LogEntry, Topic } from '../../../../src/log/port.ts';
import { removeTopics, testKafkaOptions } from '../../../contract/kafka-storage.ts';
import { entry, hasCode } from '../helpers.ts';
import { adminOf, openLog, Recorder } from './support.ts';

const MEBIBYTE = 1024 * 1024;

/** A log with topics of its own, all for the test. */
async function setUp(
  t: TestContext,
  options: Partial<KafkaLogOptions> = {},
  observe?: KafkaLogObserver,
): Promise<{ log: KafkaLog; options: KafkaLogOptions }> {
  const all = await testKafkaOptions(options);
  const log = await openLog(t, all, observe);
  t.after(() => removeTopics(all));
  return { log, options: all };
}

async function valuesIn(log: KafkaLog, topic: Topic = 'records'): Promise<string[]> {
  const recorder = new Recorder();
  const consumer = await log.consume(topic, 'look', recorder);
  await consumer.drained();
  await consumer.close();
  return recorder.values;
}

/** From now on the topic takes no batches larger than that, whatever Gatewatch has been told. */
async function lower(t: TestContext, options: KafkaLogOptions, topic: Topic, bytes: number): Promise<void> {
  const configEntries = [{ name: 'max.message.bytes', value: String(bytes) }];
  const resources = [
    { type: kafkajs.ConfigResourceTypes.TOPIC, name: options.prefix + topic, configEntries },
  ];
  await adminOf(t, options).use('', (admin) => admin.alterConfigs({ validateOnly: false, resources }));
}

describe('appending to Kafka', () => {
  test('every compression can be read back, also where a topic has several', async (t) => {
    const { log, options } = await setUp(t);
    const sent: LogEntry[] = [];
    for (const compression of ['none', 'gzip', 'lz4', 'zstd'] as const) {
      const other = await openLog(t, { ...options, compression });
      const entries = ['text '.repeat(50_000), randomBytes(MEBIBYTE), '', 'x'].map((value, index) => ({
        ...entry(`${compression}/${index}`, value),
        headers: { who: `Zoë ${compression}` },
      }));
      await other.append('records', entries);
      sent.push(...entries);
    }
    const recorder = new Recorder();
    await (await log.consume('records', 'look', recorder)).drained();
    assert.equal(recorder.entries.length, sent.length);
    for (const { key, value, headers } of sent) {
      const found = recorder.entries.find((one) => one.key === key);
      assert.ok(found?.value.equals(value), key);
      assert.deepEqual(found.headers, headers);
    }
  });

  test('many small appends share few requests', async (t) => {
    const groups: number[] = [];
    const { log } = await setUp(t, {}, { appended: (_seconds, appends) => groups.push(appends) });
    const topics = ['records', 'signals', 'dead-letters'] as const;
    await Promise.all(
      Array.from({ length: 2_000 }, (_, index) => log.append(topics[index % 3]!, [entry(`${index}`, 'v')])),
    );
    assert.equal(
      groups.reduce((sum, appends) => sum + appends),
      2_000,
    );
    assert.ok(groups.length <= 10, `${groups.length} requests`);
    for (const topic of topics) assert.ok((await valuesIn(log, topic)).length >= 666);
  });

  test('an entry that is too large is refused before anything is sent, and others go on', async (t) => {
    const { log } = await setUp(t, { message_bytes_max: 10_000 });
    const outcomes = await Promise.allSettled([
      log.append('records', [entry('k', 'before')]),
      log.append('records', [entry('k', 'with it'), entry('k', 'x'.repeat(10_000))]),
      log.append('records', [entry('k', 'after')]),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.ok(hasCode('ENTRY_TOO_LARGE')((outcomes[1] as PromiseRejectedResult).reason));
    assert.deepEqual(await valuesIn(log), ['before', 'after']);
  });

  test('an entry that the brokers refuse is found among what was sent with it', async (t) => {
    const { log, options } = await setUp(t, { compression: 'none' });
    await log.append('records', [entry('k', 'first')]);
    await lower(t, options, 'records', 10_000);
    const appends = Array.from({ length: 40 }, (_, index) => {
      const value = index === 23 ? 'x'.repeat(20_000) : `${index} ${'y'.repeat(500)}`;
      return log.append(index % 4 === 0 ? 'signals' : 'records', [entry(`${index}`, value)]);
    });
    const outcomes = await Promise.allSettled(appends);
    const refused = outcomes.flatMap((outcome, index) =>
      outcome.status === 'rejected' ? [[index, outcome.reason] as const] : [],
    );
    assert.deepEqual(
      refused.map(([index]) => index),
      [23],
    );
    assert.ok(hasCode('ENTRY_TOO_LARGE')(refused[0]![1]), String(refused[0]![1]));
    assert.equal(refused[0]![1].where, `${options.prefix}records`);
    const stored = new Set((await valuesIn(log)).map((value) => value.split(' ')[0]));
    for (let index = 0; index < 40; index++) {
      if (index % 4 !== 0) assert.equal(stored.has(`${index}`), index !== 23, `${index}`);
    }
  });

  test('a batch that the brokers find too large goes in smaller ones', async (t) => {
    const { log, options } = await setUp(t, { compression: 'none', partitions: 1 });
    await lower(t, options, 'records', 10_000);
    const sent = Array.from({ length: 100 }, (_, index) => `${index} ${'y'.repeat(1_000)}`);
    await log.append(
      'records',
      sent.map((value) => entry('k', value)),
    );
    assert.deepEqual([...new Set(await valuesIn(log))], sent);
  });

  test('a topic that is gone keeps nothing from the others, and is appended to when it is there again', async (t) => {
    const { log, options } = await setUp(t);
    await log.append('signals', [entry('k', 'before')]);
    const topics = [`${options.prefix}signals`];
    await adminOf(t, options).use('', (admin) => admin.deleteTopics({ topics }));
    const outcomes = await Promise.allSettled([
      log.append('records', [entry('k', 'a')]),
      log.append('signals', [entry('k', 'b')]),
      log.append('records', [entry('k', 'c')]),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    const { reason } = outcomes[1] as PromiseRejectedResult;
    assert.ok(hasCode('TOPIC_MISSING')(reason), String(reason));
    assert.equal(reason.where, `${options.prefix}signals`);
    await openLog(t, options); // makes it again
    await log.append('signals', [entry('k', 'd')]);
    assert.deepEqual(await valuesIn(log, 'signals'), ['d']);
  });
});
