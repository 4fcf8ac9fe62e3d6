import { GatewatchError } from '../../errors.ts';
import { type EncodedBatch, encodeBatches } from '../framing.ts';
import type { EncodedAppender } from '../host.ts';
import {
  type Consumer,
  type ConsumerHandler,
  type DeliveredEntry,
  type Log,
  type LogEntry,
  type LogObserver,
  TOPICS,
  type Topic,
} from '../port.ts';
import { EmbeddedConsumer } from './consumer.ts';
import { Retention } from './retention.ts';
import { LogStore } from './store.ts';

/** What senders were promised, and nothing else can bring back: on the disk before `append` resolves. */
const DURABLE: ReadonlySet<Topic> = new Set<Topic>(['records', 'dead-letters']);

/** Bytes written in one group commit; what is over goes into the next. Bounds the time the thread is held. */
const GROUP_BYTES_MAX = 8 * 1024 * 1024;

/** Retention by age looks at most this often, milliseconds. */
const RETENTION_INTERVAL_MS = 10_000;

const HOUR_MS = 3_600_000;

export interface EmbeddedLogObserver extends LogObserver {
  /** Deleting old entries failed; it is tried again. */
  retentionFailed?(error: GatewatchError): void;
}

export interface EmbeddedLogOptions {
  /** Age at which an entry may be deleted, hours. Default: never. */
  readonly retentionHours?: number;
  /**
   * Bytes of all stored batches together; records may fill four fifths of it, the rest is for what the stages make of
   * them. The oldest are deleted to stay within, and where that is not possible `append` rejects with `LOG_FULL`. A
   * disk with less room than this limits the log in the same way.
   * SQLite's own max_page_count would not do: the file also holds the alerts, and a consumer could then not commit.
   * Default: the disk.
   */
  readonly bytesMax?: number;
  /** Groups that hold back retention from the start. Any other does from its first `consume` on, for good. */
  readonly groups?: Partial<Record<Topic, readonly string[]>>;
  /** Wall clock for retention, Unix milliseconds. */
  readonly now?: () => number;
  readonly observe?: EmbeddedLogObserver;
}

export interface TopicStats {
  readonly bytes: number;
  /** Offset that the next entry will have. */
  readonly end: number;
  /** When the oldest batch was appended, Unix milliseconds. */
  readonly oldestMs: number | undefined;
  /** Committed offset by group; `end` less it is the group's lag in entries. */
  readonly committed: Readonly<Record<string, number>>;
}

interface Append {
  readonly topic: Topic;
  readonly batches: readonly EncodedBatch[];
  readonly entries: number;
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The log in one SQLite file, for one thread; other threads append through `RemoteLog`, other processes may open the
 * file too. Appends of the same turn of the event loop share a transaction and its fsync.
 */
export class EmbeddedLog implements Log, EncodedAppender {
  readonly #store: LogStore;
  readonly #retention: Retention;
  readonly #now: () => number;
  readonly #observe: EmbeddedLogObserver;
  readonly #consumers = new Set<EmbeddedConsumer>();
  #pending: Append[] = [];
  #scheduled = false;
  #retentionDueMs = 0;
  #closing: Promise<void> | undefined;
  #closed = false;

  /** `path` as for `openDatabase`, whose errors it throws. */
  constructor(path: string, options: EmbeddedLogOptions = {}) {
    const {
      retentionHours = Number.POSITIVE_INFINITY,
      bytesMax = Number.POSITIVE_INFINITY,
      groups = {},
    } = options;
    this.#store = new LogStore(path);
    this.#now = options.now ?? Date.now;
    this.#observe = options.observe ?? {};
    this.#retention = new Retention(this.#store, retentionHours * HOUR_MS, bytesMax, (bytes) =>
      this.#observe.restoreLost?.(bytes),
    );
    for (const topic of TOPICS) {
      for (const group of groups[topic] ?? []) this.#store.register(topic, group);
    }
  }

  async append(topic: Topic, entries: readonly LogEntry[]): Promise<void> {
    return this.appendEncoded(topic, encodeBatches(entries));
  }

  async appendEncoded(topic: Topic, batches: readonly EncodedBatch[]): Promise<void> {
    if (this.#closed) throw closedError();
    if (batches.length === 0) return;
    const entries = batches.reduce((sum, { count }) => sum + count, 0);
    const bytes = batches.reduce((sum, { data }) => sum + data.length, 0);
    return new Promise((resolve, reject) => {
      this.#pending.push({ topic, batches, entries, bytes, resolve, reject });
      this.#schedule();
    });
  }

  async consume(topic: Topic, group: string, handler: ConsumerHandler): Promise<Consumer> {
    if (this.#closed || this.#closing) throw closedError();
    const consumer: EmbeddedConsumer = new EmbeddedConsumer({
      store: this.#store,
      topic,
      group,
      handler,
      flush: () => this.#flush(),
      restored: (seconds) => this.#observe.restored?.(group, seconds),
      stopped: () => this.#consumers.delete(consumer),
    });
    this.#consumers.add(consumer);
    return consumer;
  }

  async table(topic: Topic, _partition: number): Promise<LogEntry[]> {
    if (this.#closed) throw closedError();
    return this.#store.table(topic);
  }

  async read(topic: Topic, from: number, max: number): Promise<DeliveredEntry[]> {
    if (this.#closed) throw closedError();
    const entries: DeliveredEntry[] = [];
    for (let at = from; entries.length < max; ) {
      const { entries: more, next } = this.#store.read(topic, at, Number.POSITIVE_INFINITY);
      if (more.length === 0) break;
      entries.push(...more.slice(0, max - entries.length));
      at = next;
    }
    return entries;
  }

  async ends(topic: Topic): Promise<readonly number[]> {
    if (this.#closed) throw closedError();
    return [this.#store.end(topic)];
  }

  async check(): Promise<GatewatchError | undefined> {
    return this.#closed ? closedError() : undefined;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Deletes what may go, by age at `nowMs` (Unix milliseconds) and size. Runs by itself after appends. */
  enforceRetention(nowMs: number): void {
    while (!this.#retentionPass(nowMs));
  }

  /** Figures for metrics and the health page. */
  stats(): Record<Topic, TopicStats> {
    const stats = TOPICS.map((topic): [Topic, TopicStats] => [
      topic,
      {
        bytes: this.#store.bytes(topic),
        end: this.#store.end(topic),
        oldestMs: this.#store.oldest(topic)?.appendedMs,
        committed: this.#store.groups(topic),
      },
    ]);
    return Object.fromEntries(stats) as Record<Topic, TopicStats>;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    this.#closed = true;
    this.#flush();
    this.#store.close();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#writeGroup();
      if (this.#pending.length > 0) this.#schedule();
      else this.#retainIfDue();
    });
  }

  /** Stores everything pending. */
  #flush(): void {
    while (this.#pending.length > 0) this.#writeGroup();
  }

  #writeGroup(): void {
    const group = this.#takeGroup();
    if (group.length === 0) return;
    const start = performance.now();
    const full = new Set<Append>();
    try {
      const durable = group.some(({ topic }) => DURABLE.has(topic));
      this.#store.transaction(durable, () => {
        const take = this.#retention.room();
        for (const append of group) {
          if (!take(append.topic, append.bytes)) full.add(append);
          else this.#store.append(append.topic, append.batches, this.#now());
        }
      });
    } catch (error) {
      for (const { reject } of group) reject(error);
      return;
    }
    for (const append of full) append.reject(fullError(append));
    this.#stored(
      group.filter((append) => !full.has(append)),
      (performance.now() - start) / 1000,
    );
  }

  #takeGroup(): Append[] {
    let bytes = 0;
    const end = this.#pending.findIndex((append, index) => {
      bytes += append.bytes;
      return index > 0 && bytes > GROUP_BYTES_MAX;
    });
    return this.#pending.splice(0, end === -1 ? this.#pending.length : end);
  }

  #stored(appends: readonly Append[], seconds: number): void {
    for (const { resolve } of appends) resolve();
    const topics = new Set(appends.map(({ topic }) => topic));
    for (const consumer of this.#consumers) {
      if (topics.has(consumer.topic)) consumer.wake();
    }
    this.#observe.appended?.(seconds, appends.length);
  }

  #retainIfDue(): void {
    const nowMs = this.#now();
    if (this.#closed || nowMs < this.#retentionDueMs) return;
    try {
      // One pass at a time: what is left waits for the next append, not for the interval.
      if (this.#retentionPass(nowMs)) this.#retentionDueMs = nowMs + RETENTION_INTERVAL_MS;
    } catch (error) {
      this.#retentionDueMs = nowMs + RETENTION_INTERVAL_MS;
      this.#observe.retentionFailed?.(error as GatewatchError);
    }
  }

  #retentionPass(nowMs: number): boolean {
    return this.#store.transaction(false, () => this.#retention.pass(nowMs));
  }
}

function closedError(): GatewatchError {
  return new GatewatchError('LOG_UNAVAILABLE', 'The log is closed.');
}

function fullError({ topic, bytes }: Append): GatewatchError {
  const what = `${bytes} bytes more of ${topic} do not fit in the limit or on the disk, and the oldest entries are still needed by a stage.`;
  return new GatewatchError('LOG_FULL', what);
}
