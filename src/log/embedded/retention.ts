import { TOPICS, type Topic } from '../port.ts';
import type { LogStore, StoredBatch } from './store.ts';

/** Bytes deleted in one transaction, so that no pass holds the thread for long; 64 MiB are some 20 ms. */
const PASS_BYTES_MAX = 64 * 1024 * 1024;

/** Free disk space, bytes, that records leave: for the write-ahead log, and for what the stages make of the records. */
const DISK_RESERVE_BYTES = 64 * 1024 * 1024;

/**
 * How much of `bytesMax` a topic may fill, and what part of the reserve it must leave. Each stage needs room in the
 * next topic to get rid of what it has in this one: were records allowed the last byte, no signal could be written, no
 * commit either, and nothing would ever be freed again.
 */
const LIMITS: Readonly<Record<Topic, { readonly share: number; readonly reserve: number }>> = {
  records: { share: 0.8, reserve: 1 },
  signals: { share: 0.9, reserve: 0.75 },
  'dead-letters': { share: 0.9, reserve: 0.75 },
  alerts: { share: 1, reserve: 0.5 },
  namespaces: { share: 1, reserve: 0.5 },
  baselines: { share: 1, reserve: 0.5 },
};

interface OldestBatch extends StoredBatch {
  readonly topic: Topic;
}

/**
 * Deletes the oldest batches, by age and to keep within a size, but only those that every group of their topic has
 * done with. Whole batches: an entry may outlive the limit by the rest of its batch. Within a transaction only.
 */
export class Retention {
  readonly #store: LogStore;
  readonly #ageMsMax: number;
  readonly #bytesMax: number;
  readonly #restoreLost: (bytes: number) => void;

  /** @param restoreLost told of what was deleted though a restart would have read it again */
  constructor(
    store: LogStore,
    ageMsMax: number,
    bytesMax: number,
    restoreLost: (bytes: number) => void = () => {},
  ) {
    this.#restoreLost = restoreLost;
    this.#store = store;
    this.#ageMsMax = ageMsMax;
    this.#bytesMax = bytesMax;
  }

  /** Deletes what is too old at `nowMs`, or too much. False if a further pass is needed. */
  pass(nowMs: number): boolean {
    let freed = 0;
    let excess = this.#store.bytes() - this.#bytesMax;
    for (let batch = this.#oldest(); batch; batch = this.#oldest()) {
      if (excess <= 0 && nowMs - batch.appendedMs <= this.#ageMsMax) return true;
      if (freed >= PASS_BYTES_MAX) return false;
      this.#store.remove(batch.topic, batch);
      freed += batch.bytes;
      excess -= batch.bytes;
    }
    return true;
  }

  /**
   * Measures what is free, for the appends of one transaction. The function returned takes `bytes` of it for a topic,
   * deleting as little as is needed; false if they do not fit even so.
   */
  room(): (topic: Topic, bytes: number) => boolean {
    let stored = this.#store.bytes();
    let disk = this.#store.freeBytes();
    return (topic, bytes) => {
      const { share, reserve } = LIMITS[topic];
      const limit = this.#bytesMax * share;
      if (bytes > limit) return false;
      const missing = Math.max(stored + bytes - limit, bytes + DISK_RESERVE_BYTES * reserve - disk);
      const freed = this.#free(missing);
      stored -= freed;
      disk += freed;
      if (freed < missing) return false;
      stored += bytes;
      disk -= bytes;
      return true;
    };
  }

  /**
   * Deletes oldest batches until they make `missing` bytes or no more may go. Returns the bytes deleted. What only a restart would read again goes before
   * anything is refused: a stage that is sent nothing more would never be done with it.
   */
  #free(missing: number): number {
    let freed = 0;
    while (freed < missing) {
      const needless = this.#oldest();
      const batch = needless ?? this.#oldest((topic) => this.#store.processed(topic));
      if (batch === undefined) break;
      this.#store.remove(batch.topic, batch);
      freed += batch.bytes;
      if (!needless) this.#restoreLost(batch.bytes);
    }
    return freed;
  }

  /** The oldest batch of all topics that no group needs. @param until the offset before which a topic's entries are not needed */
  #oldest(until = (topic: Topic) => this.#store.floor(topic)): OldestBatch | undefined {
    let oldest: OldestBatch | undefined;
    for (const topic of TOPICS) {
      const batch = this.#store.oldest(topic);
      if (batch === undefined || batch.base + batch.count > until(topic)) continue;
      if (oldest === undefined || batch.appendedMs < oldest.appendedMs) oldest = { topic, ...batch };
    }
    return oldest;
  }
}
