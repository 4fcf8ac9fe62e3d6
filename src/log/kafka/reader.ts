import { randomUUID } from 'node:crypto';
import type { Consumer, Kafka, KafkaMessage } from 'kafkajs';
import type { GatewatchError } from '../../errors.ts';
import type { DeliveredEntry } from '../port.ts';
import { kafkaError } from './errors.ts';

/** How long the brokers hold back an answer when there is nothing new, milliseconds; a `read` begins at most this late. */
const FETCH_WAIT_MS = 100;

interface Reading {
  /** Next offset to hand over. */
  position: number;
  /** First offset that is not wanted. */
  readonly end: number;
  readonly each: (entries: DeliveredEntry[]) => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads stretches of one topic's partitions, to rebuild state and to look: a consumer of a group of its own, which nobody else joins and
 * which commits nothing. All partitions are paused but those being read.
 */
export class PartitionReader {
  readonly #kafka: Kafka;
  readonly #topic: string;
  readonly #group: string;
  readonly #rack: string;
  readonly #readings = new Map<number, Reading>();
  /** Per partition, the end of the line of those who wait to read it. */
  readonly #lines = new Map<number, Promise<void>>();
  #consumer: Promise<Consumer> | undefined;

  constructor(kafka: Kafka, topic: string, options: { readonly prefix: string; readonly rack: string }) {
    this.#kafka = kafka;
    this.#topic = topic;
    this.#group = `${options.prefix}reader.${randomUUID()}`;
    this.#rack = options.rack;
  }

  /**
   * Hands over the entries with offsets from `from` up to, not including, `end`, in order. The last of them must exist.
   * @throws KAFKA_*, and what `each` throws
   */
  async read(
    partition: number,
    from: number,
    end: number,
    each: (entries: DeliveredEntry[]) => Promise<void>,
  ): Promise<void> {
    const before = this.#lines.get(partition) ?? Promise.resolve();
    const turn = before.catch(() => {}).then(() => this.#read(partition, from, end, each));
    this.#lines.set(partition, turn);
    return turn;
  }

  async close(): Promise<void> {
    await this.#consumer?.then((consumer) => consumer.disconnect()).catch(() => {});
  }

  async #read(partition: number, from: number, end: number, each: Reading['each']): Promise<void> {
    this.#consumer ??= this.#start();
    const consumer = await this.#consumer;
    await new Promise<void>((resolve, reject) => {
      this.#readings.set(partition, { position: from, end, each, resolve, reject });
      this.#begin(consumer, partition, from);
    }).finally(() => {
      this.#readings.delete(partition);
      consumer.pause([{ topic: this.#topic, partitions: [partition] }]);
    });
  }

  async #start(): Promise<Consumer> {
    const consumer = this.#kafka.consumer({
      groupId: this.#group,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      rackId: this.#rack,
      retry: { retries: 10, initialRetryTime: 100, maxRetryTime: 2000, restartOnFailure: async () => true },
    });
    const joined = Promise.withResolvers<void>();
    joined.promise.catch(() => {});
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      const partitions = payload.memberAssignment[this.#topic] ?? [];
      consumer.pause([{ topic: this.#topic, partitions }]);
      for (const [partition, { position }] of this.#readings) this.#begin(consumer, partition, position);
      joined.resolve();
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (payload.restart) return;
      const error = kafkaError(payload.error, `${this.#topic} could not be read`);
      joined.reject(error);
      this.#fail(error);
    });
    try {
      await consumer.connect();
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
          try {
            if (entries.length > 0) await reading.each(entries);
          } catch (error) {
            return reading.reject(error);
          }
          reading.position = Number(batch.lastOffset()) + 1;
          resolveOffset(batch.lastOffset());
          if (reading.position >= reading.end) reading.resolve();
        },
      });
      await joined.promise;
      return consumer;
    } catch (error) {
      this.#consumer = undefined;
      consumer.disconnect().catch(() => {});
      throw kafkaError(error, `${this.#topic} could not be read`);
    }
  }

  #begin(consumer: Consumer, partition: number, position: number): void {
    consumer.seek({ topic: this.#topic, partition, offset: String(position) });
    consumer.resume([{ topic: this.#topic, partitions: [partition] }]);
  }

  #fail(error: GatewatchError): void {
    this.#consumer = undefined;
    for (const { reject } of this.#readings.values()) reject(error);
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
