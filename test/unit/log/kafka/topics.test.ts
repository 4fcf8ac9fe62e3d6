import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import kafkajs from 'kafkajs';
import type { GatewatchError } from '../../../../src/errors.ts';
import { KafkaLog, type KafkaLogOptions } from '../../../../src/log/kafka/log.ts';
import { TOPICS } from '../../../../src/log/port.ts';
import { testKafkaOptions } from '../../../contract/kafka-storage.ts';
import { gatewatch } from '../../cli/program.ts';
import { entry, hasCode } from '../helpers.ts';
import { adminOf, fileWith, openLog } from './support.ts';

const { ConfigResourceTypes } = kafkajs;

/** Options with a prefix of their own, whose topics go with the test. */
async function setUp(t: TestContext, options: Partial<KafkaLogOptions> = {}): Promise<KafkaLogOptions> {
  const all = await testKafkaOptions(options);
  t.after(async () => {
    const names = await adminOf(t, all).use('', (admin) => admin.listTopics());
    const topics = names.filter((name) => name.startsWith(all.prefix));
    if (topics.length > 0) await adminOf(t, all).use('', (admin) => admin.deleteTopics({ topics }));
  });
  return all;
}

/** Makes the topics as configured, and leaves. */
async function create(options: KafkaLogOptions): Promise<void> {
  await (await KafkaLog.open(options)).close();
}

/** Changes settings of a topic, as an administrator. */
async function alter(
  t: TestContext,
  options: KafkaLogOptions,
  topic: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const all = { ...(await settingsOf(t, options, topic)), ...settings };
  const configEntries = Object.entries(all).map(([name, value]) => ({ name, value }));
  const resources = [{ type: ConfigResourceTypes.TOPIC, name: options.prefix + topic, configEntries }];
  await adminOf(t, options).use('', (admin) => admin.alterConfigs({ validateOnly: false, resources }));
}

/** A topic's own settings. */
async function settingsOf(
  t: TestContext,
  options: KafkaLogOptions,
  topic: string,
): Promise<Record<string, string>> {
  const resources = [{ type: ConfigResourceTypes.TOPIC, name: options.prefix + topic }];
  const described = await adminOf(t, options).use('', (admin) =>
    admin.describeConfigs({ includeSynonyms: false, resources }),
  );
  const own = described.resources[0]!.configEntries.filter(({ isDefault }) => !isDefault);
  return Object.fromEntries(own.map(({ configName, configValue }) => [configName, configValue]));
}

async function assertRefused(options: KafkaLogOptions, code: string, message: string): Promise<void> {
  await assert.rejects(KafkaLog.open(options), (error) => {
    assert.ok(hasCode(code)(error), String(error));
    assert.ok((error as GatewatchError).explain().includes(message), (error as GatewatchError).explain());
    return true;
  });
}

describe('topics on Kafka', () => {
  test('are created as configured', async (t) => {
    const options = await setUp(t);
    await create(options);
    const common = { 'max.message.bytes': '9437184', 'min.insync.replicas': '1' };
    const kept = { ...common, 'cleanup.policy': 'delete', 'retention.ms': '604800000' };
    const expected: Partial<Record<(typeof TOPICS)[number], Record<string, string>>> = {
      namespaces: { ...common, 'cleanup.policy': 'compact' },
      baselines: { ...common, 'cleanup.policy': 'compact' },
      'dead-letters': { ...kept, 'retention.ms': '-1', 'retention.bytes': '10737418240' },
    };
    for (const topic of TOPICS)
      assert.deepEqual(await settingsOf(t, options, topic), expected[topic] ?? kept, topic);
    const names = TOPICS.map((topic) => options.prefix + topic);
    const { topics } = await adminOf(t, options).use('', (admin) =>
      admin.fetchTopicMetadata({ topics: names }),
    );
    for (const { name, partitions } of topics) {
      assert.equal(partitions.length, name.endsWith('dead-letters') ? 1 : options.partitions, name);
    }
  });

  test('may be created by several processes at once', async (t) => {
    const options = await setUp(t);
    const logs = await Promise.all(Array.from({ length: 4 }, () => openLog(t, options)));
    await Promise.all(logs.map((log) => log.append('records', [entry('k', 'v')])));
  });

  test('that are missing are not created unless that is asked for', async (t) => {
    const options = await setUp(t, { create_topics: false });
    await assertRefused(options, 'TOPIC_MISSING', `at ${options.prefix}records: There is no such topic.`);
    await create({ ...options, create_topics: true });
    await openLog(t, options);
  });

  test('that the brokers refuse to create are named', async (t) => {
    const options = await setUp(t, { replication_factor: 3 });
    await assertRefused(options, 'TOPIC_NOT_CREATED', `at ${options.prefix}`);
    await assertRefused(options, 'TOPIC_NOT_CREATED', 'smaller kafka.replication_factor');
  });

  test('with another number of partitions are refused, with what to do', async (t) => {
    const options = await setUp(t, { partitions: 2 });
    await create(options);
    const more = { ...options, partitions: 3 };
    await assertRefused(
      more,
      'TOPIC_PARTITIONS_DIFFER',
      `at ${options.prefix}records: It has 2 partitions, not 3.`,
    );
    await assertRefused(
      more,
      'TOPIC_PARTITIONS_DIFFER',
      'To change the number: start everything anew with another kafka.prefix',
    );
    await openLog(t, options);
  });

  test('with settings that would lose or refuse events are refused until `topics apply` has mended them', async (t) => {
    const options = await setUp(t);
    await create(options);
    // What an administrator has set besides stays.
    const own = { 'segment.ms': '3600000', 'message.timestamp.type': 'LogAppendTime' };
    await alter(t, options, 'records', { ...own, 'max.message.bytes': '1000' });
    await assertRefused(
      options,
      'TOPIC_SETTINGS_DIFFER',
      `at ${options.prefix}records: max.message.bytes is 1000, not 9437184. Run \`gatewatch topics apply\``,
    );
    await alter(t, options, 'records', { 'max.message.bytes': '20000000' });
    await alter(t, options, 'namespaces', { 'cleanup.policy': 'delete' });
    await assertRefused(
      options,
      'TOPIC_SETTINGS_DIFFER',
      `at ${options.prefix}namespaces: cleanup.policy is delete, not compact.`,
    );

    const folder = await mkdtemp(join(tmpdir(), 'gatewatch-topics-'));
    t.after(() => rm(folder, { recursive: true }));
    const { retention_hours: _, ...kafka } = options;
    const config = await fileWith(folder, 'gatewatch.yaml', JSON.stringify({ kafka }));
    const [namespaces, records] = [`${options.prefix}namespaces`, `${options.prefix}records`];
    const lines = [
      `change ${records}: max.message.bytes from 20000000 to 9437184`,
      `change ${namespaces}: cleanup.policy from delete to compact`,
    ];
    const tried = await gatewatch('topics', 'apply', '--dry-run', '--config', config);
    for (const line of lines) assert.ok(tried.stdout.includes(line), tried.stdout + tried.stderr);
    await assert.rejects(KafkaLog.open(options), hasCode('TOPIC_SETTINGS_DIFFER'));
    const applied = await gatewatch('topics', 'apply', '--config', config);
    assert.equal(applied.code, 0, applied.stderr);
    for (const line of lines) assert.ok(applied.stdout.includes(line), applied.stdout);
    await openLog(t, options);
    assert.deepEqual(await settingsOf(t, options, 'records'), {
      ...own,
      'max.message.bytes': '9437184',
      'min.insync.replicas': '1',
      'cleanup.policy': 'delete',
      'retention.ms': '604800000',
    });
  });

  test("that are larger than needed, or kept longer, are an administrator's own affair", async (t) => {
    const options = await setUp(t);
    await create(options);
    const own = { 'max.message.bytes': '99999999', 'retention.ms': '1000000' };
    await alter(t, options, 'signals', own);
    await openLog(t, options);
    const { 'max.message.bytes': size, 'retention.ms': kept } = await settingsOf(t, options, 'signals');
    assert.deepEqual([size, kept], Object.values(own));
  });
});
