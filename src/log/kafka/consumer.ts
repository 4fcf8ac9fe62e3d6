import { setTimeout as sleep } from 'node:timers/promises';
import type { EachBatchPayload, Consumer as GroupMember } from 'kafkajs';
import { GatewatchError } from '../../errors.ts';
import type { Batch, Consumer, ConsumerHandler, DeliveredEntry, PartitionLag } from '../port.ts';
import type { AdminConnection, Committed, Extent } from './admin.ts';
import { stickyAssigner } from './assigner.ts';
import type { KafkaClient } from './client.ts';
import { kafkaError } from './errors.ts';
import { toEntry } from './reader.ts';

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

/** How long the batch in hand and leaving the group may take once the consumer closes, milliseconds; then they are given up. */
const CLOSE_MS_MAX = 10_000;

/** How long a rebalance waits for members whose batch takes long, milliseconds; then it goes on without them, and they join again. */
const REBALANCE_MS_MAX = 60_000;

export interface Subscription {
  readonly kafka: KafkaClient;
  readonly admin: AdminConnection;
  /** Names on the brokers. */
  readonly topic: string;
  readonly group: string;
  readonly rack: string;
  readonly sessionSeconds: number;
  readonly handler: ConsumerHandler;
  readonly rebalanced: () => void;
  readonly restored: (seconds: number) => void;
  /** The brokers have deleted so many entries before they were processed. */
  readonly skipped: (entries: number) => void;
  /** The consumer has stopped, for whatever reason. */
  readonly stopped: () => void;
}

/** A partition that is this process's for the time being. */
interface Assignment {
  /** Next offset to hand to the handler; undefined until its state is set up. */
  next: number | undefined;
  /** Entries before this offset have had their effect: they are read again only to rebuild state. */
  live: number;
  /** When setting up its state has begun, until that is done. */
  begun: number | undefined;
  /** Moved to another process, or assigned anew. */
  over: boolean;
}

/**
 * One group's share of a topic. When a partition is assigned, the handler's state of it is rebuilt first: from the offset that the
 * last commit names up to that commit, without emitting. A partition that stays where it was keeps its state.
 */
export class KafkaConsumer implements Consumer {
  readonly closed: Promise<void>;
  readonly #subscription: Subscription;
  readonly #end = Promise.withResolvers<void>();
  /** Resolves when it is to end or has failed. */
  readonly #ending = Promise.withResolvers<void>();
  readonly #running: Promise<void>;
  readonly #assignments = new Map<number, Assignment>();
  /** What is being done for a partition, also for one that has moved since: settles when it is done, and does not reject. */
  readonly #working = new Map<number, Promise<void>>();
  #client: KafkaClient | undefined;
  #joined = false;
  #closing = false;
  #stopped: { readonly error: unknown } | undefined;
  /** Why it is not a member of its group. */
  #outside: GatewatchError | undefined;
  /** What is being waited out. */
  #hindrance: GatewatchError | undefined;
  /** When the brokers were last heard of, on the clock of `performance`. */
  #heard = performance.now();

  constructor(subscription: Subscription) {
    this.#subscription = subscription;
    this.closed = this.#end.promise;
    this.#running = this.#run();
  }

  get problem(): GatewatchError | undefined {
    return this.#outside ?? this.#hindrance ?? this.#silence();
  }

  get restoring(): boolean {
    return (
      !this.#joined ||
      [...this.#assignments.values()].some(({ next, live }) => next === undefined || next < live)
    );
  }

  async lag(): Promise<PartitionLag[]> {
    const { admin, topic } = this.#subscription;
    const extents = await admin.extents(topic);
    return Array.from(this.#assignments, ([partition, { live }]) => {
      const { low = 0, high = 0 } = extents.get(partition) ?? {};
      return { partition, entries: Math.max(0, high - Math.max(low, live)) };
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
    this.#ending.resolve();
    await Promise.race([this.#running, sleep(CLOSE_MS_MAX, undefined, { ref: false })]);
    this.#client?.cut();
    this.#stop(new GatewatchError('LOG_UNAVAILABLE', 'The consumer was closed.'));
  }

  /** Is the group's member; where the library gives up, a new one begins, for as long as it takes. */
  async #run(): Promise<void> {
    while (!this.#isEnding) {
      await this.#takePart();
      await Promise.race([this.#ending.promise, sleep(RETRY_MS, undefined, { ref: false })]);
    }
  }

  /** Joins, and leaves when it is to end or the library gives up. Leaving while it still joins would leave behind a member that runs. */
  async #takePart(): Promise<void> {
    const { kafka, topic } = this.#subscription;
    const client = kafka.another();
    const gaveUp = Promise.withResolvers<void>();
    const member = this.#create(client, gaveUp.resolve);
    this.#client = client;
    try {
      await client.connect(member);
      await member.subscribe({ topics: [topic], fromBeginning: true });
      await member.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
        eachBatch: (payload) => this.#eachBatch(payload),
      });
      await Promise.race([gaveUp.promise, this.#ending.promise]);
    } catch (error) {
      this.#leftOutBy(error);
    }
    await member.disconnect().catch(() => {});
    client.cut();
  }

  #create(client: KafkaClient, gaveUp: () => void): GroupMember {
    const { group, sessionSeconds, rack } = this.#subscription;
    const member = client.consumer({
      groupId: group,
      sessionTimeout: sessionSeconds * 1000,
      heartbeatInterval: this.#heartbeatMs,
      rebalanceTimeout: REBALANCE_MS_MAX,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
      rackId: rack,
      partitionAssigners: [stickyAssigner(() => [...this.#assignments.keys()])],
      retry: { retries: 8, initialRetryTime: 100, maxRetryTime: 2000, restartOnFailure: async () => false },
    });
    const { GROUP_JOIN, HEARTBEAT, REBALANCING, CRASH } = member.events;
    member.on(GROUP_JOIN, ({ payload }) => this.#assign(member, payload.memberAssignment));
    member.on(HEARTBEAT, () => {
      this.#heard = performance.now();
      // Not as soon as it has joined: reading may be refused yet.
      this.#outside = undefined;
    });
    member.on(REBALANCING, () => {
      this.#joined = false;
    });
    member.on(CRASH, ({ payload }) => {
      this.#leftOutBy(payload.error);
      gaveUp();
    });
    return member;
  }

  get #heartbeatMs(): number {
    return (this.#subscription.sessionSeconds * 1000) / 10;
  }

  get #isEnding(): boolean {
    return this.#closing || this.#stopped !== undefined;
  }

  #leftOutBy(error: unknown): void {
    const { topic, group } = this.#subscription;
    this.#joined = false;
    this.#outside = kafkaError(error, `Group ${group} cannot read ${topic}`, topic);
  }

  /** A member whose requests are not answered learns of it only when the library has tried them for minutes. */
  #silence(): GatewatchError | undefined {
    const seconds = Math.round((performance.now() - this.#heard) / 1000);
    if (!this.#joined || seconds <= this.#subscription.sessionSeconds) return undefined;
    const what = `The brokers have not answered for ${seconds} seconds.`;
    return new GatewatchError('KAFKA_UNREACHABLE', what, { where: 'kafka.brokers' });
  }

  #assign(member: GroupMember, assigned: Readonly<Record<string, number[]>>): void {
    const { topic, handler, rebalanced } = this.#subscription;
    const partitions = assigned[topic] ?? [];
    this.#joined = true;
    this.#heard = performance.now();
    rebalanced();
    // Nothing is fetched before this returns.
    member.pause([{ topic, partitions }]);
    const before = new Map(this.#assignments);
    this.#assignments.clear();
    const standing = this.#standing();
    standing.catch(() => {}); // told by each partition that waits for it
    for (const partition of partitions) {
      const assignment: Assignment = { next: undefined, live: 0, begun: undefined, over: false };
      this.#assignments.set(partition, assignment);
      this.#work(partition, () =>
        this.#setUp(member, partition, assignment, before.get(partition), standing),
      ).catch((error) => this.#stop(error));
    }
    for (const [partition, assignment] of before) {
      assignment.over = true;
      if (this.#assignments.has(partition)) continue;
      this.#work(partition, async () => {
        if (!this.#assignments.has(partition)) handler.revoked?.(partition);
      }).catch((error) => this.#stop(error));
    }
  }

  /** Does something for a partition once all that was begun for it before is done. */
  #work(partition: number, work: () => Promise<void>): Promise<void> {
    const done = (this.#working.get(partition) ?? Promise.resolve()).then(work);
    this.#working.set(
      partition,
      done.catch(() => {}),
    );
    return done;
  }

  #standing(): Promise<[Map<number, Committed>, Map<number, Extent>]> {
    const { admin, group, topic } = this.#subscription;
    return this.#patiently(() => Promise.all([admin.committed(group, topic), admin.extents(topic)]));
  }

  async #setUp(
    member: GroupMember,
    partition: number,
    assignment: Assignment,
    before: Assignment | undefined,
    standing: Promise<[Map<number, Committed>, Map<number, Extent>]>,
  ): Promise<void> {
    const { topic, handler, skipped } = this.#subscription;
    const start = performance.now();
    const [group, extents] = await standing;
    const { low = 0, high = 0 } = extents.get(partition) ?? {};
    const { offset = low, restoreFrom = low } = group.get(partition) ?? {};
    if (offset < low) skipped(low - offset);
    // A commit beyond the end is of a topic that has been made anew, or cut: what is there now has not been processed.
    assignment.live = offset > high ? low : Math.max(low, offset);
    let next = before?.live === assignment.live ? before.next : undefined;
    assignment.begun = before?.begun;
    if (next === undefined) {
      await this.#patiently(async () => {
        if (!assignment.over) await handler.assigned?.(partition);
      });
      next = Math.min(Math.max(low, restoreFrom), assignment.live);
      assignment.begun = start;
    }
    if (assignment.over) return;
    this.#proceed(assignment, next);
    try {
      member.seek({ topic, partition, offset: String(next) });
      member.resume([{ topic, partitions: [partition] }]);
    } catch {
      // No longer a member: joining again begins again.
    }
  }

  #proceed(assignment: Assignment, next: number): void {
    assignment.next = next;
    assignment.live = Math.max(assignment.live, next);
    if (next < assignment.live || assignment.begun === undefined) return;
    this.#subscription.restored((performance.now() - assignment.begun) / 1000);
    assignment.begun = undefined;
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const { partition } = payload.batch;
    const assignment = this.#assignments.get(partition);
    if (assignment?.next === undefined) return;
    let failure: unknown;
    const beat = setInterval(() => {
      payload.heartbeat().catch((error) => {
        failure = error;
      });
    }, this.#heartbeatMs);
    try {
      await this.#work(partition, () => this.#process(payload, assignment, () => failure));
    } finally {
      clearInterval(beat);
    }
  }

  async #process(
    { batch, resolveOffset, commitOffsetsIfNecessary, isRunning }: EachBatchPayload,
    assignment: Assignment,
    rebalance: () => unknown,
  ): Promise<void> {
    const { topic, partition } = batch;
    const { handler } = this.#subscription;
    const entries = batch.messages.map(toEntry);
    await this.#handle(() => this.#notice(partition, assignment, entries[0]!.offset));
    for (const part of partsOf(entries, assignment.live)) {
      if (!isRunning() || assignment.over || this.#stopped) return;
      if (rebalance()) throw rebalance();
      const progress = await this.#handle(() => handler.process({ partition, ...part }));
      if (assignment.over || this.#stopped) return;
      const last = part.entries.at(-1)!.offset;
      if (!part.restoring) {
        const metadata = String(Math.min(progress?.restoreFrom ?? last + 1, last + 1));
        const partitions = [{ partition, offset: String(last + 1), metadata }];
        await commitOffsetsIfNecessary({ topics: [{ topic, partitions }] });
      }
      this.#proceed(assignment, last + 1);
      if (assignment.over) return;
      resolveOffset(String(last));
    }
  }

  /** Sees to entries that are not there any more: the library goes on with the oldest that is. */
  async #notice(partition: number, assignment: Assignment, first: number): Promise<void> {
    const { handler, skipped } = this.#subscription;
    const expected = Math.max(assignment.next ?? 0, assignment.live);
    if (first > expected) skipped(first - expected);
    if (first >= (assignment.next ?? 0)) return;
    // The topic has been made anew, or cut: what it holds now has nothing to do with the state.
    await handler.assigned?.(partition);
    assignment.next = first;
    assignment.live = first;
  }

  /** What the handler throws stops the consumer. */
  async #handle<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#stop(error);
      return undefined;
    }
  }

  /** Tries again for as long as the brokers are the reason. */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await work();
        this.#hindrance = undefined;
        return result;
      } catch (error) {
        const passing = error instanceof GatewatchError && error.spec.stage === 'log';
        if (!passing || this.#isEnding) throw error;
        this.#hindrance = error;
      }
      await Promise.race([this.#ending.promise, sleep(RETRY_MS, undefined, { ref: false })]);
    }
  }

  #throwIfStopped(): void {
    if (this.#stopped) throw this.#stopped.error;
  }

  #stop(error: unknown): void {
    if (this.#stopped) return;
    this.#stopped = { error };
    this.#ending.resolve();
    this.#subscription.stopped();
    if (this.#closing) this.#end.resolve();
    else this.#end.reject(error);
  }
}

/** The entries in batches as a handler gets them: of a bounded number, and either before or from the offset `live` on. */
function* partsOf(
  entries: readonly DeliveredEntry[],
  live: number,
): Iterable<Pick<Batch, 'entries' | 'restoring'>> {
  for (let at = 0; at < entries.length; ) {
    const restoring = entries[at]!.offset < live;
    const most = entries.slice(at, at + BATCH_ENTRIES_MAX);
    const part = most.filter(({ offset }) => offset < live === restoring);
    yield { entries: part, restoring };
    at += part.length;
  }
}
