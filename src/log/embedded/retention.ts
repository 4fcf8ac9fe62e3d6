import { TOPICS, type Topic } from '../port.ts';
import type { LogStore, StoredBatch } from './store.ts';

/** Bytes deleted in one transaction, so that no pass holds the thread for long; 64 MiB are some 20 ms. */
const PASS_BYTES_MAX = 64 * 1024 * 1024;

/**
 * How much of the log a topic may fill. Each stage needs room in the next topic to get rid of what it has in this one:
 * were records allowed the last byte, no signal could be written and nothing would ever be freed again.
 */
const SHARE: Readonly<Record<Topic, number>> = {
  records: 0.8,
  signals: 0.9,
  'dead-letters': 0.9,
  alerts: 1,
  namespaces: 1,
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

  constructor(store: LogStore, ageMsMax: number, bytesMax: number) {
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

  /** Deletes as little as is needed for `bytes` more of the topic; false if they do not fit even so. */
  makeRoom(topic: Topic, bytes: number): boolean {
    const limit = this.#bytesMax * SHARE[topic];
    return bytes <= limit && this.free(this.#store.bytes() + bytes - limit);
  }

  /** Deletes oldest batches of at least so many bytes together; false if there are not as many to delete. */
  free(bytes: number): boolean {
    let missing = bytes;
    while (missing > 0) {
      const batch = this.#oldest();
      if (batch === undefined) return false;
      this.#store.remove(batch.topic, batch);
      missing -= batch.bytes;
    }
    return true;
  }

  /** The oldest batch of all topics that no group needs. */
  #oldest(): OldestBatch | undefined {
    let oldest: OldestBatch | undefined;
    for (const topic of TOPICS) {
      const batch = this.#store.oldest(topic);
      if (batch === undefined || batch.base + batch.count > this.#store.floor(topic)) continue;
      if (oldest === undefined || batch.appendedMs < oldest.appendedMs) oldest = { topic, ...batch };
    }
    return oldest;
  }
}
