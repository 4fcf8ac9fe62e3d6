import { randomUUID } from 'node:crypto';
import { configSchema } from '../../src/config/schema.ts';
import { AdminConnection } from '../../src/log/kafka/admin.ts';
import { kafkaClient } from '../../src/log/kafka/client.ts';
import { KafkaLog, type KafkaLogOptions } from '../../src/log/kafka/log.ts';
import { topicSpecs } from '../../src/log/kafka/topics.ts';
import { sharedKafka } from '../servers/shared.ts';
import type { LogStorage } from './log.ts';

/** Options for a log with topics of its own on the Kafka that all tests share. */
export async function testKafkaOptions(options: Partial<KafkaLogOptions> = {}): Promise<KafkaLogOptions> {
  const { kafka, log } = configSchema.parse({
    kafka: {
      brokers: await sharedKafka(),
      prefix: `test-${randomUUID()}.`,
      partitions: 4,
      replication_factor: 1,
      min_insync_replicas: 1,
      session_seconds: 6,
    },
  });
  return { ...kafka, retention_hours: log.retention_hours, ...options };
}

/** A log with topics of its own. */
export async function kafkaStorage(): Promise<LogStorage> {
  const options = await testKafkaOptions();
  return {
    open: () => KafkaLog.open(options),
    remove: () => removeTopics(options),
  };
}

/** Deletes a log's topics. */
export async function removeTopics(options: KafkaLogOptions): Promise<void> {
  const admin = new AdminConnection(kafkaClient(options));
  const topics = topicSpecs(options).map(({ name }) => name);
  await admin.use('The topics could not be deleted', (connected) => connected.deleteTopics({ topics }));
  await admin.close();
}
