import type { GatewatchError } from '../errors.ts';

/** The streams of the design. `records` and `dead-letters` are what senders were promised; the others can be derived again from them. */
export const TOPICS = ['records', 'signals', 'alerts', 'namespaces', 'baselines', 'dead-letters'] as const;
export type Topic = (typeof TOPICS)[number];

/** Topics of which the latest entry of each key is kept, whatever its age. */
export const COMPACTED: ReadonlySet<Topic> = new Set<Topic>(['namespaces', 'baselines']);

/** One entry of a topic. Entries with the same key stay in order; see `partitionedBy` for keys that share a partition. */
export interface LogEntry {
  readonly key: string;
  readonly value: Buffer;
  /** Short ASCII-safe names and values. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface DeliveredEntry extends LogEntry {
  readonly offset: number;
}

/** The part of a key that decides its partition: keys that differ only after a NUL meet in one. */
export function partitionedBy(key: string): string {
  const end = key.indexOf('\u0000');
  return end === -1 ? key : key.slice(0, end);
}

/** Consecutive entries of one partition. */
export interface Batch {
  readonly partition: number;
  readonly entries: readonly DeliveredEntry[];
  /** True while entries before the committed offset are read again to rebuild state: nothing may be emitted for them. */
  readonly restoring: boolean;
}

/** What a consumer tells the log once a batch has had its whole effect. */
export interface Progress {
  /** Lowest offset that the consumer's state still depends on; a restart reads again from here. Absent: state needs nothing before the batch's end. */
  readonly restoreFrom?: number;
}

/** A stage's side of a subscription. An error that `process` throws stops the stage: whatever can be retried is retried inside. */
export interface ConsumerHandler {
  /** A partition was gained (at start or by a rebalance): forget its state. `table` reads the latest entry of each key of a compacted topic. */
  assigned?(partition: number): Promise<void>;
  /** A partition was lost to another process: its state is of no more use. */
  revoked?(partition: number): void;
  process(batch: Batch): Promise<Progress | undefined>;
}

/** Entries of a partition that a group has yet to process. */
export interface PartitionLag {
  readonly partition: number;
  readonly entries: number;
}

export interface Consumer {
  /** What it is waiting out at the moment; undefined if nothing keeps it. */
  readonly problem: GatewatchError | undefined;
  /** True until the state of every partition that it has been given is rebuilt. */
  readonly restoring: boolean;
  /** Of each partition that it has. */
  lag(): Promise<PartitionLag[]>;
  /** Resolves when every entry appended before the call has been processed; rejects if the consumer stops first. For `replay`, drain and tests. */
  drained(): Promise<void>;
  /** Finishes the batch in hand, commits and stops. Not to be awaited inside `process`. */
  close(): Promise<void>;
  /**
   * Settles when the consumer has stopped: resolves after `close()`, rejects with what the handler threw or with what is wrong with
   * the log (`DATABASE_CORRUPT`). Watch it: left alone, its rejection ends the process like any other unhandled one.
   */
  readonly closed: Promise<void>;
}

/** What a log tells of its work, for metrics. */
export interface LogObserver {
  /** So many appends have become durable together. */
  appended?(seconds: number, appends: number): void;
  /** A group has rebuilt the state of one partition. */
  restored?(group: string, seconds: number): void;
  /** A group's partitions were shared out, anew or for the first time. */
  rebalanced?(group: string): void;
  /** Entries from which a group would have rebuilt its state had to make room for new ones. */
  restoreLost?(bytes: number): void;
}

/**
 * An ordered, durable log. Implementations: `embedded/` (SQLite) and `kafka/`; `test/contract/log.ts` says what both must do.
 */
export interface Log {
  /**
   * Resolves when the entries are durable. Rejects with a `GatewatchError` (`LOG_FULL`, `LOG_UNAVAILABLE`, `KAFKA_*`, `ENTRY_TOO_LARGE`):
   * then whoever appends has to do so again. What a server stored before it stopped answering is then there twice, which changes nothing.
   */
  append(topic: Topic, entries: readonly LogEntry[]): Promise<void>;
  /** Delivers the topic from the group's committed offset on, at least once, in order by partition. */
  consume(topic: Topic, group: string, handler: ConsumerHandler): Promise<Consumer>;
  /** The latest entry of each key of a compacted topic in one partition. An empty value deletes its key. */
  table(topic: Topic, partition: number): Promise<LogEntry[]>;
  /** Up to `max` entries of one partition (by default the first) from an offset on (or what is still kept after it), for looking: it moves no group. */
  read(topic: Topic, from: number, max: number, partition?: number): Promise<DeliveredEntry[]>;
  /** Of each partition the offset that its next entry will have. */
  ends(topic: Topic): Promise<readonly number[]>;
  /** What keeps it from taking in anything at the moment; undefined if nothing does. */
  check(): Promise<GatewatchError | undefined>;
  /** Closes the consumers, whose batch in hand may still append, then stores what was appended and stops; later calls reject with `LOG_UNAVAILABLE`. */
  close(): Promise<void>;
}

/** All of the log that a receiver needs. */
export type LogAppender = Pick<Log, 'append'>;
