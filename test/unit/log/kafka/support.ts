import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { configSchema } from '../../../../src/config/schema.ts';
import { AdminConnection } from '../../../../src/log/kafka/admin.ts';
import { type KafkaClient, kafkaClient } from '../../../../src/log/kafka/client.ts';
import { KafkaLog, type KafkaLogObserver, type KafkaLogOptions } from '../../../../src/log/kafka/log.ts';
import type { Batch, ConsumerHandler, DeliveredEntry, Progress } from '../../../../src/log/port.ts';

/** The section `kafka` of the configuration for a broker that stands alone, with what it says otherwise. */
export function optionsOf(kafka: object): KafkaLogOptions {
  const alone = { replication_factor: 1, min_insync_replicas: 1, partitions: 4, session_seconds: 6 };
  const config = configSchema.parse({ kafka: { ...alone, ...kafka } });
  return { ...config.kafka, retention_hours: config.log.retention_hours };
}

/** A log that is closed with the test. */
export async function openLog(
  t: TestContext,
  options: KafkaLogOptions,
  observe?: KafkaLogObserver,
): Promise<KafkaLog> {
  const log = await KafkaLog.open(options, observe);
  t.after(() => log.close());
  return log;
}

/** Puts questions to the brokers, and orders; ends with the test. */
export function adminOf(t: TestContext, options: KafkaLogOptions): AdminConnection {
  const admin = new AdminConnection(clientOf(t, options));
  t.after(() => admin.close());
  return admin;
}

/** A client of the library, for what Gatewatch itself does not do; cut with the test. */
export function clientOf(t: TestContext, options: KafkaLogOptions): KafkaClient {
  const client = kafkaClient(options);
  t.after(() => client.cut());
  return client;
}

/** A file with that text. */
export async function fileWith(folder: string, name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

/** Keeps what it is given. */
export class Recorder implements ConsumerHandler {
  readonly batches: Batch[] = [];
  /** Partitions gained and lost, in order: `+0`, `-0`. */
  readonly moves: string[] = [];
  readonly #process: (batch: Batch) => Promise<Progress | undefined>;

  constructor(process: (batch: Batch) => Promise<Progress | undefined> = async () => undefined) {
    this.#process = process;
  }

  get entries(): DeliveredEntry[] {
    return this.batches.flatMap(({ entries }) => entries);
  }

  get values(): string[] {
    return this.entries.map(({ value }) => value.toString());
  }

  async assigned(partition: number): Promise<void> {
    this.moves.push(`+${partition}`);
  }

  revoked(partition: number): void {
    this.moves.push(`-${partition}`);
  }

  async process(batch: Batch): Promise<Progress | undefined> {
    this.batches.push(batch);
    return this.#process(batch);
  }
}
