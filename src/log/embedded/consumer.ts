import { setImmediate as macrotask } from 'node:timers/promises';
import { type ErrorCode, GatewatchError } from '../../errors.ts';
import type { Consumer, ConsumerHandler, PartitionLag, Topic } from '../port.ts';
import type { LogStore } from './store.ts';

/** Every embedded topic has this one partition. */
export const PARTITION = 0;

/** How often an idle consumer looks for what another process appended, and a failed read or commit is tried again, milliseconds. */
const POLL_MS = 250;

/** What waiting may cure. Not DATABASE_CORRUPT: a sender may retry after that, but this loop would stand still unseen. */
const TRANSIENT: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['LOG_FULL', 'LOG_UNAVAILABLE']);

interface Waiter {
  readonly offset: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface Subscription {
  readonly store: LogStore;
  readonly topic: Topic;
  readonly group: string;
  readonly handler: ConsumerHandler;
  /** Stores what was appended before, and is still collected for the next group commit. */
  readonly flush: () => void;
  /** The handler's state is rebuilt. */
  readonly restored: (seconds: number) => void;
  /** The consumer has stopped, for whatever reason. */
  readonly stopped: () => void;
}

/** One group's loop over a topic: read, process, commit, let others run. */
export class EmbeddedConsumer implements Consumer {
  readonly topic: Topic;
  readonly closed: Promise<void>;
  readonly #subscription: Subscription;
  /** Next offset to deliver; all before it has been processed and committed. */
  #position = -1;
  #closing = false;
  #woken = false;
  #wakeUp: (() => void) | undefined;
  #stopped: { readonly error: unknown } | undefined;
  #waiters: Waiter[] = [];
  #problem: GatewatchError | undefined;
  #restoring = true;

  constructor(subscription: Subscription) {
    this.topic = subscription.topic;
    this.#subscription = subscription;
    this.closed = this.#run().then(
      () => this.#stop(new GatewatchError('LOG_UNAVAILABLE', 'The consumer was closed.')),
      (error) => {
        this.#stop(error);
        throw error;
      },
    );
  }

  get problem(): GatewatchError | undefined {
    return this.#problem;
  }

  get restoring(): boolean {
    return this.#restoring;
  }

  async lag(): Promise<PartitionLag[]> {
    const { store, topic } = this.#subscription;
    return [{ partition: PARTITION, entries: store.end(topic) - Math.max(0, this.#position) }];
  }

  drained(): Promise<void> {
    const { store, topic, flush } = this.#subscription;
    return new Promise((resolve, reject) => {
      if (this.#stopped) return reject(this.#stopped.error);
      flush();
      const offset = store.end(topic);
      if (this.#position >= offset) resolve();
      else this.#waiters.push({ offset, resolve, reject });
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.wake();
    // A failure is reported by `closed`; here it only means that the consumer has stopped.
    await this.closed.catch(() => {});
  }

  /** Something was appended to the topic. */
  wake(): void {
    this.#woken = true;
    this.#wakeUp?.();
  }

  async #run(): Promise<void> {
    const { store, topic, group, handler, restored } = this.#subscription;
    const begun = performance.now();
    await macrotask(); // Whoever subscribed gets to watch `closed` before anything can fail.
    await handler.assigned?.(PARTITION);
    const start = await this.#patiently(() => store.register(topic, group));
    if (start === undefined) return;
    const { committed, restoreFrom } = start;
    this.#advance(Math.min(restoreFrom, committed));

    while (!this.#closing) {
      this.#woken = false;
      const from = this.#position;
      const restoring = from < committed;
      if (this.#restoring && !restoring) {
        this.#restoring = false;
        restored((performance.now() - begun) / 1000);
      }
      const until = restoring ? committed : Number.POSITIVE_INFINITY;
      const batch = await this.#patiently(() => store.read(topic, from, until));
      if (batch === undefined) return;
      const { entries, next } = batch;
      if (entries.length > 0) {
        const progress = await handler.process({ partition: PARTITION, entries, restoring });
        // What is read again was committed before; its progress is that of a state half rebuilt.
        if (!restoring) {
          const position = { committed: next, restoreFrom: Math.min(progress?.restoreFrom ?? next, next) };
          const done = await this.#patiently(() => {
            store.commit(topic, group, position);
            return true;
          });
          if (!done) return;
        }
      }
      this.#advance(next);
      // A macrotask: requests and messages get their turn between two batches.
      if (next > from) await macrotask();
      else await this.#idle();
    }
  }

  /** Tries again for as long as the disk is full or the file locked. Undefined: closed meanwhile. */
  async #patiently<T>(work: () => T): Promise<T | undefined> {
    for (;;) {
      try {
        const result = work();
        this.#problem = undefined;
        return result;
      } catch (error) {
        if (!(error instanceof GatewatchError && TRANSIENT.has(error.code))) throw error;
        this.#problem = error;
      }
      if (this.#closing) return undefined;
      this.#woken = false;
      await this.#idle();
    }
  }

  /** Waits for `wake`, at most POLL_MS. */
  #idle(): Promise<void> {
    if (this.#woken || this.#closing) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wakeUp?.(), POLL_MS);
      this.#wakeUp = () => {
        clearTimeout(timer);
        this.#wakeUp = undefined;
        resolve();
      };
    });
  }

  #advance(position: number): void {
    this.#position = position;
    if (this.#waiters.length === 0) return;
    const reached = this.#waiters.filter(({ offset }) => offset <= position);
    this.#waiters = this.#waiters.filter(({ offset }) => offset > position);
    for (const { resolve } of reached) resolve();
  }

  #stop(error: unknown): void {
    this.#stopped = { error };
    for (const { reject } of this.#waiters) reject(error);
    this.#waiters = [];
    this.#subscription.stopped();
  }
}
