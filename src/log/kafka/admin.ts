import type { Admin } from 'kafkajs';
import { GatewatchError } from '../../errors.ts';
import type { KafkaClient } from './client.ts';
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
  /** Lowest offset that its state rests on; not above `offset`. */
  readonly restoreFrom: number;
}

/** One connection, and how many use it at the moment. */
interface Shared {
  readonly client: KafkaClient;
  readonly admin: Promise<Admin>;
  users: number;
}

/** A connection for questions to the brokers, made when needed and made anew after an error. */
export class AdminConnection {
  readonly #kafka: KafkaClient;
  #shared: Shared | undefined;
  #closed = false;

  constructor(kafka: KafkaClient) {
    this.#kafka = kafka;
  }

  /**
   * @param what is said when it fails, for example `The topics could not be read`
   * @throws KAFKA_*, LOG_UNAVAILABLE, TOPIC_MISSING, and what `work` throws of ours
   */
  async use<T>(what: string, work: (admin: Admin) => Promise<T>): Promise<T> {
    if (this.#closed) throw new GatewatchError('LOG_UNAVAILABLE', 'The log is closed.');
    const shared = this.#shared ?? this.#connect();
    this.#shared = shared;
    shared.users++;
    try {
      return await work(await shared.admin);
    } catch (error) {
      // The library's state is not to be trusted after an error: a topic that is gone would go on failing whatever is asked next.
      if (this.#shared === shared) this.#shared = undefined;
      throw kafkaError(error, what);
    } finally {
      shared.users--;
      if (shared.users === 0 && this.#shared !== shared) shared.client.cut();
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
          const committed = Number(offset);
          // Other tools, which reset a group for example, write what they like there, or nothing.
          const restoreFrom = /^\d{1,15}$/.test(metadata ?? '') ? Number(metadata) : committed;
          return [partition, { offset: committed, restoreFrom: Math.min(restoreFrom, committed) }];
        }),
      );
    });
  }

  /** Ends the connection, for good; what is asked at the moment fails. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#shared?.client.cut();
  }

  #connect(): Shared {
    const client = this.#kafka.another();
    const admin = client.admin({ retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1000 } });
    return { client, admin: client.connect(admin), users: 0 };
  }
}
