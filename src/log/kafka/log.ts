import { GatewatchError } from '../../errors.ts';
import { decodeBatch, type EncodedBatch } from '../framing.ts';
import type { EncodedAppender } from '../host.ts';
import type {
  Consumer,
  ConsumerHandler,
  DeliveredEntry,
  Log,
  LogEntry,
  LogObserver,
  Topic,
} from '../port.ts';
import { AdminConnection } from './admin.ts';
import { Appender, type AppendOptions } from './appender.ts';
import { type KafkaClient, type KafkaConnection, kafkaClient } from './client.ts';
import { KafkaConsumer } from './consumer.ts';
import { PartitionReader } from './reader.ts';
import { createTopics, planTopics, refuse, type TopicOptions } from './topics.ts';
import { within } from './within.ts';

/** How long the brokers may take to say that they are there, milliseconds. */
const CHECK_MS_MAX = 1_500;

/** The section `kafka` of the configuration, with the log's retention. */
export interface KafkaLogOptions extends KafkaConnection, TopicOptions, AppendOptions {
  readonly create_topics: boolean;
  readonly session_seconds: number;
}

/** What this log tells besides. */
export interface KafkaLogObserver extends LogObserver {
  /** The brokers have deleted so many entries, by age or size, before a group had processed them. */
  skipped?(group: string, entries: number): void;
}

/** The log on Kafka: a topic each, shared by any number of processes. */
export class KafkaLog implements Log, EncodedAppender {
  readonly #options: KafkaLogOptions;
  readonly #observe: KafkaLogObserver;
  readonly #kafka: KafkaClient;
  readonly #admin: AdminConnection;
  readonly #appender: Appender;
  readonly #readers = new Map<Topic, PartitionReader>();
  readonly #consumers = new Set<KafkaConsumer>();
  #checking: Promise<unknown> | undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    kafka: KafkaClient,
    admin: AdminConnection,
    options: KafkaLogOptions,
    observe: KafkaLogObserver,
  ) {
    this.#kafka = kafka;
    this.#admin = admin;
    this.#options = options;
    this.#observe = observe;
    this.#appender = new Appender(kafka, options, (seconds, appends) => observe.appended?.(seconds, appends));
  }

  /**
   * Connects, and sees to the topics.
   * @throws KAFKA_*, TOPIC_*, FILE_UNREADABLE
   */
  static async open(options: KafkaLogOptions, observe: KafkaLogObserver = {}): Promise<KafkaLog> {
    const kafka = kafkaClient(options);
    const admin = new AdminConnection(kafka);
    try {
      await admin.use('The topics could not be read', async (connected) => {
        let changes = await planTopics(connected, options);
        if (options.create_topics && changes.some(({ kind }) => kind === 'create')) {
          await createTopics(connected, changes, options);
          changes = await planTopics(connected, options);
        }
        refuse(changes);
      });
    } catch (error) {
      await admin.close();
      throw error;
    }
    return new KafkaLog(kafka, admin, options, observe);
  }

  append(topic: Topic, entries: readonly LogEntry[]): Promise<void> {
    return this.#appender.append(topic, entries);
  }

  async appendEncoded(topic: Topic, batches: readonly EncodedBatch[]): Promise<void> {
    await this.append(
      topic,
      batches.flatMap(({ data, count }) => decodeBatch(data, 0, count)),
    );
  }

  async consume(topic: Topic, group: string, handler: ConsumerHandler): Promise<Consumer> {
    this.#refuseIfClosed();
    const { prefix, rack, session_seconds } = this.#options;
    const consumer: KafkaConsumer = new KafkaConsumer({
      kafka: this.#kafka,
      admin: this.#admin,
      topic: prefix + topic,
      group: prefix + group,
      rack,
      sessionSeconds: session_seconds,
      handler,
      rebalanced: () => this.#observe.rebalanced?.(group),
      restored: (seconds) => this.#observe.restored?.(group, seconds),
      skipped: (entries) => this.#observe.skipped?.(group, entries),
      stopped: () => this.#consumers.delete(consumer),
    });
    this.#consumers.add(consumer);
    return consumer;
  }

  async table(topic: Topic, partition: number): Promise<LogEntry[]> {
    const latest = new Map<string, LogEntry>();
    await this.#read(topic, partition, 0, Number.POSITIVE_INFINITY, (entries) => {
      for (const { key, value, headers } of entries) {
        if (value.length > 0) latest.set(key, { key, value, headers });
        else latest.delete(key);
      }
    });
    return [...latest.values()];
  }

  async read(topic: Topic, from: number, max: number, partition = 0): Promise<DeliveredEntry[]> {
    const found: DeliveredEntry[] = [];
    await this.#read(topic, partition, from, max, (entries) => found.push(...entries));
    return found;
  }

  async ends(topic: Topic): Promise<readonly number[]> {
    this.#refuseIfClosed();
    const extents = await this.#admin.extents(this.#options.prefix + topic);
    return Array.from({ length: extents.size }, (_, partition) => extents.get(partition)?.high ?? 0);
  }

  async check(): Promise<GatewatchError | undefined> {
    // One question serves all who ask meanwhile.
    this.#checking ??= this.#askAll().finally(() => {
      this.#checking = undefined;
    });
    try {
      await within(CHECK_MS_MAX, this.#checking, silent);
      return undefined;
    } catch (error) {
      return error as GatewatchError;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** @throws what keeps every partition of the records from taking in anything */
  #askAll(): Promise<void> {
    const { prefix, min_insync_replicas } = this.#options;
    const name = `${prefix}records`;
    return this.#admin.use(`${name} takes in nothing`, async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [name] });
      const partitions = topics.flatMap(({ partitions }) => partitions);
      if (partitions.some(({ isr }) => isr.length >= min_insync_replicas)) return;
      const what = `No partition has the replicas in sync that kafka.min_insync_replicas asks for (${min_insync_replicas}).`;
      throw new GatewatchError('LOG_UNAVAILABLE', what, { where: name });
    });
  }

  async #read(
    topic: Topic,
    partition: number,
    from: number,
    max: number,
    each: (entries: DeliveredEntry[]) => void,
  ): Promise<void> {
    this.#refuseIfClosed();
    const { low = 0, high = 0 } =
      (await this.#admin.extents(this.#options.prefix + topic)).get(partition) ?? {};
    const start = Math.max(from, low);
    const end = Math.min(start + max, high);
    if (start < end) await this.#reader(topic).read(partition, start, end, each);
  }

  #reader(topic: Topic): PartitionReader {
    let reader = this.#readers.get(topic);
    if (!reader) {
      reader = new PartitionReader(this.#kafka, this.#options.prefix + topic, this.#options);
      this.#readers.set(topic, reader);
    }
    return reader;
  }

  #refuseIfClosed(): void {
    if (this.#closing) throw new GatewatchError('LOG_UNAVAILABLE', 'The log is closed.');
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    await this.#appender.close();
    await Promise.all([...this.#readers.values()].map((reader) => reader.close()));
    await this.#admin.close();
  }
}

function silent(): GatewatchError {
  return new GatewatchError('KAFKA_UNREACHABLE', 'The brokers do not answer.', { where: 'kafka.brokers' });
}
