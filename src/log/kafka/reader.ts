import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, KafkaMessage } from 'kafkajs';
import type { GatewatchError } from '../../errors.ts';
import type { DeliveredEntry } from '../port.ts';
import type { KafkaClient } from './client.ts';
import { kafkaError } from './errors.ts';

/** How long the brokers hold back an answer when there is nothing new, milliseconds; a `read` begins at most this late. */
const FETCH_WAIT_MS = 100;

/** Bytes of one answer beyond one message of the largest size. */
const FETCH_BYTES_MORE = 1024 * 1024;

/** How long leaving the group may take, milliseconds. */
const LEAVE_MS_MAX = 1_000;

export interface ReaderOptions {
  readonly prefix: string;
  readonly rack: string;
  readonly message_bytes_max: number;
}

interface Reading {
  /** Next offset to hand over. */
  position: number;
  /** First offset that is not wanted. */
  readonly end: number;
  readonly each: (entries: DeliveredEntry[]) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A member of the reader's group. */
interface Member {
  readonly client: KafkaClient;
  readonly consumer: Consumer;
  readonly joined: PromiseWithResolvers<void>;
}

/**
 * Reads stretches of one topic's partitions: a consumer of a group of its own, which nobody else joins and which commits nothing. All
 * partitions are paused but those being read.
 */
export class PartitionReader {
  readonly #kafka: KafkaClient;
  readonly #topic: string;
  readonly #options: ReaderOptions;
  readonly #readings = new Map<number, Reading>();
  /** Per partition, the end of the line of those who wait to read it. */
  readonly #lines = new Map<number, Promise<void>>();
  #member: Member | undefined;

  constructor(kafka: KafkaClient, topic: string, options: ReaderOptions) {
    this.#kafka = kafka;
    this.#topic = topic;
    this.#options = options;
  }

  /**
   * Hands over the entries with offsets from `from` up to, not including, `end`, in order. That many must have been written.
   * @throws KAFKA_*, LOG_UNAVAILABLE, TOPIC_MISSING
   */
  async read(partition: number, from: number, end: number, each: Reading['each']): Promise<void> {
    const before = this.#lines.get(partition) ?? Promise.resolve();
    const turn = before.catch(() => {}).then(() => this.#read(partition, from, end, each));
    this.#lines.set(partition, turn);
    return turn;
  }

  /** Leaves; what is being read fails. */
  async close(): Promise<void> {
    const member = this.#member;
    if (!member) return;
    const left = member.consumer.disconnect().catch(() => {});
    await Promise.race([left, sleep(LEAVE_MS_MAX, undefined, { ref: false })]);
    this.#fail(member, new Error('the reader was closed'));
  }

  async #read(partition: number, from: number, end: number, each: Reading['each']): Promise<void> {
    this.#member ??= this.#join();
    const { consumer, joined } = this.#member;
    await joined.promise;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#readings.set(partition, { position: from, end, each, resolve, reject });
    try {
      this.#begin(consumer, partition, from);
      await promise;
      consumer.pause([{ topic: this.#topic, partitions: [partition] }]);
    } catch (error) {
      throw this.#error(error);
    } finally {
      this.#readings.delete(partition);
    }
  }

  #join(): Member {
    const { prefix, rack, message_bytes_max } = this.#options;
    const client = this.#kafka.another();
    const fetchBytes = message_bytes_max + FETCH_BYTES_MORE;
    const consumer = client.consumer({
      groupId: `${prefix}reader.${randomUUID()}`,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      // Compaction leaves batches without messages, which the library takes for the end of the log unless more comes with them.
      maxBytesPerPartition: fetchBytes,
      maxBytes: fetchBytes,
      rackId: rack,
      retry: { retries: 8, initialRetryTime: 100, maxRetryTime: 2000, restartOnFailure: async () => false },
    });
    const member: Member = { client, consumer, joined: Promise.withResolvers() };
    member.joined.promise.catch(() => {}); // told by each reading that waits for it
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      const partitions = payload.memberAssignment[this.#topic] ?? [];
      consumer.pause([{ topic: this.#topic, partitions }]);
      for (const [partition, { position }] of this.#readings) this.#begin(consumer, partition, position);
      member.joined.resolve();
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => this.#fail(member, payload.error));
    this.#run(member).catch((error) => this.#fail(member, error));
    return member;
  }

  async #run({ client, consumer }: Member): Promise<void> {
    await client.connect(consumer);
    await consumer.subscribe({ topics: [this.#topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 4,
      eachBatch: async ({ batch, resolveOffset, isStale }) => {
        const reading = this.#readings.get(batch.partition);
        if (!reading || isStale()) return;
        const entries = batch.messages
          .map(toEntry)
          .filter(({ offset }) => offset >= reading.position && offset < reading.end);
        if (entries.length > 0) reading.each(entries);
        reading.position = Number(batch.lastOffset()) + 1;
        resolveOffset(batch.lastOffset());
        if (reading.position >= reading.end) reading.resolve();
      },
    });
  }

  #begin(consumer: Consumer, partition: number, position: number): void {
    consumer.seek({ topic: this.#topic, partition, offset: String(position) });
    consumer.resume([{ topic: this.#topic, partitions: [partition] }]);
  }

  #fail(member: Member, cause: unknown): void {
    member.client.cut();
    if (this.#member !== member) return;
    this.#member = undefined;
    member.joined.reject(this.#error(cause));
    for (const { reject } of this.#readings.values()) reject(cause);
  }

  #error(cause: unknown): GatewatchError {
    return kafkaError(cause, `${this.#topic} could not be read`, this.#topic);
  }
}

/** A message as an entry of the log. A message without a value has an empty one. */
export function toEntry({ key, value, headers, offset }: KafkaMessage): DeliveredEntry {
  const texts = Object.entries(headers ?? {}).map(([name, text]) => [name, String(text ?? '')]);
  return {
    key: key?.toString() ?? '',
    value: value ?? Buffer.alloc(0),
    headers: Object.fromEntries(texts),
    offset: Number(offset),
  };
}
