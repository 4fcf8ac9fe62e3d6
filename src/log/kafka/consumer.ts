import { setTimeout as sleep } from 'node:timers/promises';
import type { EachBatchPayload, Consumer as GroupMember, Kafka } from 'kafkajs';
import { GatewatchError } from '../../errors.ts';
import type { Consumer, ConsumerHandler, DeliveredEntry, PartitionLag } from '../port.ts';
import type { AdminConnection, Committed, Extent } from './admin.ts';
import { stickyAssigner } from './assigner.ts';
import { kafkaError } from './errors.ts';
import { type PartitionReader, toEntry } from './reader.ts';

/** Entries handed to a stage at one time; it commits after each. */
const BATCH_ENTRIES_MAX = 500;

/** Partitions whose batches are in hand at one time: while one waits for the brokers, another is worked on. */
const PARTITIONS_AT_ONCE = 4;

/** How long the brokers hold back an answer when there is nothing new, milliseconds. Stopping waits for it. */
const FETCH_WAIT_MS = 200;

/** Pause before what the brokers refused is tried again, milliseconds. */
const RETRY_MS = 1000;

/** How often `drained` looks, milliseconds. */
const POLL_MS = 50;

/** How long the batch in hand may take once the consumer closes, milliseconds; after that it comes again at the next start. */
const CLOSE_MS_MAX = 10_000;

/** How long a rebalance waits for members whose batch takes long, milliseconds; then it goes on without them, and they join again. */
const REBALANCE_MS_MAX = 60_000;

export interface Subscription {
  readonly kafka: Kafka;
  readonly admin: AdminConnection;
  /** Reads the topic by the side, to rebuild state. */
  readonly reader: () => PartitionReader;
  /** Names on the brokers. */
  readonly topic: string;
  readonly group: string;
  readonly rack: string;
  readonly sessionSeconds: number;
  readonly handler: ConsumerHandler;
  readonly rebalanced: () => void;
  readonly restored: (seconds: number) => void;
  /** The consumer has stopped, for whatever reason. */
  readonly stopped: () => void;
}

/** A partition that is this process's for the time being. */
interface Assignment {
  /** Next offset to process. Undefined: the state is not yet what the commits say it is. */
  position: number | undefined;
  restored: Promise<void>;
  /** Moved to another process, or assigned anew. */
  over: boolean;
}

/**
 * One group's share of a topic. When a partition is assigned, it is paused until the handler's state of it has been rebuilt: from the
 * offset that the last commit names up to that commit, without emitting. A partition that stays where it was keeps its state.
 */
export class KafkaConsumer implements Consumer {
  readonly closed: Promise<void>;
  readonly #subscription: Subscription;
  readonly #end = Promise.withResolvers<void>();
  readonly #assignments = new Map<number, Assignment>();
  #member: GroupMember | undefined;
  #joined = false;
  #closing = false;
  #stopped: { readonly error: unknown } | undefined;
  #problem: GatewatchError | undefined;

  constructor(subscription: Subscription) {
    this.#subscription = subscription;
    this.closed = this.#end.promise;
    void this.#run();
  }

  get problem(): GatewatchError | undefined {
    return this.#problem;
  }

  get restoring(): boolean {
    return !this.#joined || [...this.#assignments.values()].some(({ position }) => position === undefined);
  }

  async lag(): Promise<PartitionLag[]> {
    const { admin, topic } = this.#subscription;
    const extents = await admin.extents(topic);
    return Array.from(this.#assignments, ([partition, { position }]) => {
      const { low = 0, high = 0 } = extents.get(partition) ?? {};
      return { partition, entries: high - Math.max(low, position ?? 0) };
    });
  }

  async drained(): Promise<void> {
    const { admin, topic, group } = this.#subscription;
    this.#throwIfStopped();
    const extents = await this.#patiently(() => admin.extents(topic));
    for (;;) {
      this.#throwIfStopped();
      if (!this.restoring) {
        // Other processes of the group have partitions too: what counts is what has been committed.
        const committed = await this.#patiently(() => admin.committed(group, topic));
        const behind = [...extents].some(
          ([partition, { low, high }]) => (committed.get(partition)?.offset ?? low) < high,
        );
        if (!behind && !this.restoring) return;
      }
      await sleep(POLL_MS);
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    const left = this.#member?.disconnect().catch(() => {});
    await Promise.race([left, sleep(CLOSE_MS_MAX, undefined, { ref: false })]);
    this.#stop(new GatewatchError('LOG_UNAVAILABLE', 'The consumer was closed.'));
  }

  /** Is the group's member; where the library gives up, a new one begins, for as long as it takes. */
  async #run(): Promise<void> {
    const { topic } = this.#subscription;
    while (!this.#closing && !this.#stopped) {
      const gaveUp = Promise.withResolvers<void>();
      const member = this.#create(gaveUp.resolve);
      this.#member = member;
      try {
        await member.connect();
        await member.subscribe({ topics: [topic], fromBeginning: true });
        await member.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
          eachBatch: (payload) => this.#eachBatch(payload),
        });
        await Promise.race([gaveUp.promise, this.closed.catch(() => {})]);
      } catch (error) {
        this.#problem = kafkaError(error, `${topic} cannot be read`);
      }
      await member.disconnect().catch(() => {});
      if (!this.#closing && !this.#stopped) await sleep(RETRY_MS);
    }
  }

  #create(gaveUp: () => void): GroupMember {
    const { kafka, topic, group, sessionSeconds, rack } = this.#subscription;
    const member = kafka.consumer({
      groupId: group,
      sessionTimeout: sessionSeconds * 1000,
      heartbeatInterval: this.#heartbeatMs,
      rebalanceTimeout: REBALANCE_MS_MAX,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
      rackId: rack,
      partitionAssigners: [stickyAssigner(() => [...this.#assignments.keys()])],
      retry: { retries: 8, initialRetryTime: 100, maxRetryTime: 2000, restartOnFailure: async () => true },
    });
    member.on(member.events.GROUP_JOIN, ({ payload }) =>
      this.#assign(member, payload.memberAssignment[topic] ?? []),
    );
    member.on(member.events.CRASH, ({ payload: { error, restart } }) => {
      this.#problem = kafkaError(error, `${topic} cannot be read`);
      if (!restart) gaveUp();
    });
    return member;
  }

  get #heartbeatMs(): number {
    return (this.#subscription.sessionSeconds * 1000) / 10;
  }

  #assign(member: GroupMember, partitions: readonly number[]): void {
    const { admin, group, topic, handler, rebalanced } = this.#subscription;
    this.#joined = true;
    this.#problem = undefined;
    rebalanced();
    // Nothing is fetched before this returns.
    member.pause([{ topic, partitions: [...partitions] }]);
    for (const [partition, gone] of this.#assignments) {
      gone.over = true;
      if (partitions.includes(partition)) continue;
      this.#assignments.delete(partition);
      void gone.restored.then(() => {
        if (!this.#assignments.has(partition)) handler.revoked?.(partition);
      });
    }
    const standing = this.#patiently(() =>
      Promise.all([admin.committed(group, topic), admin.extents(topic)]),
    );
    standing.catch(() => {}); // told by each partition that waits for it
    for (const partition of partitions) {
      const before = this.#assignments.get(partition);
      const assignment: Assignment = { position: undefined, restored: Promise.resolve(), over: false };
      this.#assignments.set(partition, assignment);
      assignment.restored = this.#restore(partition, assignment, before, standing).then(
        () => {
          if (!assignment.over) member.resume([{ topic, partitions: [partition] }]);
        },
        (error) => this.#stop(error),
      );
    }
  }

  async #restore(
    partition: number,
    assignment: Assignment,
    before: Assignment | undefined,
    standing: Promise<[Map<number, Committed>, Map<number, Extent>]>,
  ): Promise<void> {
    await before?.restored;
    const start = performance.now();
    const [group, extents] = await standing;
    const committed = group.get(partition);
    const { low } = extents.get(partition) ?? { low: 0 };
    const position = committed?.offset ?? low;
    if (before?.position === undefined || before.position !== position) {
      await this.#patiently(async () => {
        if (!assignment.over)
          await this.#rebuild(partition, Math.max(low, committed?.restoreFrom ?? 0), position);
      });
      if (assignment.over) return;
      this.#subscription.restored((performance.now() - start) / 1000);
    }
    assignment.position = position;
  }

  async #rebuild(partition: number, from: number, end: number): Promise<void> {
    const { handler, reader } = this.#subscription;
    await handler.assigned?.(partition);
    if (from >= end) return;
    await reader().read(partition, from, end, async (entries) => {
      for (const batch of batchesOf(entries)) {
        await handler.process({ partition, entries: batch, restoring: true });
      }
    });
  }

  async #eachBatch({
    batch,
    heartbeat,
    resolveOffset,
    commitOffsetsIfNecessary,
    isRunning,
  }: EachBatchPayload) {
    const { partition } = batch;
    const assignment = this.#assignments.get(partition);
    const position = assignment?.position;
    if (!assignment || position === undefined) return;
    let rebalance: unknown;
    const beat = setInterval(() => heartbeat().catch((error) => (rebalance = error)), this.#heartbeatMs);
    try {
      const entries = batch.messages.map(toEntry).filter(({ offset }) => offset >= position);
      for (const part of batchesOf(entries)) {
        if (!isRunning() || assignment.over || this.#stopped) return;
        if (rebalance) throw rebalance;
        const restoreFrom = await this.#process(partition, part);
        if (restoreFrom === undefined || assignment.over) return;
        const last = part.at(-1)!.offset;
        const commit = { partition, offset: String(last + 1), metadata: String(restoreFrom) };
        await commitOffsetsIfNecessary({ topics: [{ topic: batch.topic, partitions: [commit] }] });
        assignment.position = last + 1;
        resolveOffset(String(last));
      }
      resolveOffset(batch.lastOffset());
    } finally {
      clearInterval(beat);
    }
  }

  /** @returns the offset to restore from after this batch; undefined if the handler failed, which stops the consumer */
  async #process(partition: number, entries: readonly DeliveredEntry[]): Promise<number | undefined> {
    const next = entries.at(-1)!.offset + 1;
    try {
      const progress = await this.#subscription.handler.process({ partition, entries, restoring: false });
      return Math.min(progress?.restoreFrom ?? next, next);
    } catch (error) {
      this.#stop(error);
      return undefined;
    }
  }

  /** Tries again for as long as the brokers are the reason. */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const passing = error instanceof GatewatchError && error.spec.stage === 'log';
        if (!passing || this.#closing || this.#stopped) throw error;
        this.#problem = error;
      }
      await sleep(RETRY_MS);
    }
  }

  #throwIfStopped(): void {
    if (this.#stopped) throw this.#stopped.error;
  }

  #stop(error: unknown): void {
    if (this.#stopped) return;
    this.#stopped = { error };
    this.#subscription.stopped();
    if (this.#closing) this.#end.resolve();
    else {
      this.#end.reject(error);
      this.#member?.disconnect().catch(() => {});
    }
  }
}

function* batchesOf(entries: readonly DeliveredEntry[]): Iterable<DeliveredEntry[]> {
  for (let at = 0; at < entries.length; at += BATCH_ENTRIES_MAX)
    yield entries.slice(at, at + BATCH_ENTRIES_MAX);
}
