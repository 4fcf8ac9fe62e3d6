import type { Admin, Kafka } from 'kafkajs';
import { kafkaError } from './errors.ts';

/** Offsets that a partition still has: from `low` up to, not including, `high`. */
export interface Extent {
  readonly low: number;
  readonly high: number;
}

/** Where a group stands in a partition. */
export interface Committed {
  /** Next offset to process. */
  readonly offset: number;
  /** Lowest offset that its state rests on. */
  readonly restoreFrom: number;
}

/** A connection for questions to the brokers, made when needed and made anew after an error. */
export class AdminConnection {
  readonly #kafka: Kafka;
  #admin: Promise<Admin> | undefined;

  constructor(kafka: Kafka) {
    this.#kafka = kafka;
  }

  /** @param what is said when it fails, for example `The topics could not be read`. @throws KAFKA_*, LOG_UNAVAILABLE */
  async use<T>(what: string, work: (admin: Admin) => Promise<T>): Promise<T> {
    this.#admin ??= this.#connect();
    const current = this.#admin;
    try {
      return await work(await current);
    } catch (error) {
      if (this.#admin === current) this.#admin = undefined;
      current.then((admin) => admin.disconnect()).catch(() => {});
      throw kafkaError(error, what);
    }
  }

  /** What each partition of a topic holds. */
  extents(topic: string): Promise<Map<number, Extent>> {
    return this.use(`The offsets of ${topic} could not be read`, async (admin) => {
      const partitions = await admin.fetchTopicOffsets(topic);
      return new Map(
        partitions.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]),
      );
    });
  }

  /** Where a group stands; partitions in which it has committed nothing are absent. */
  committed(groupId: string, topic: string): Promise<Map<number, Committed>> {
    return this.use(`The offsets of group ${groupId} could not be read`, async (admin) => {
      const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
      const partitions = (found?.partitions ?? []).filter(({ offset }) => Number(offset) >= 0);
      return new Map(
        partitions.map(({ partition, offset, metadata }) => {
          const restoreFrom = metadata ? Number(metadata) : Number.NaN;
          const committed = Number(offset);
          return [partition, { offset: committed, restoreFrom: restoreFrom >= 0 ? restoreFrom : committed }];
        }),
      );
    });
  }

  async close(): Promise<void> {
    await this.#admin?.then((admin) => admin.disconnect()).catch(() => {});
  }

  async #connect(): Promise<Admin> {
    const admin = this.#kafka.admin({ retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1000 } });
    await admin.connect();
    return admin;
  }
}
