import { statfsSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { GatewatchError } from '../../errors.ts';
import { BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, decodeBatch, type EncodedBatch } from '../framing.ts';
import { COMPACTED, type DeliveredEntry, type LogEntry, TOPICS, type Topic } from '../port.ts';
import { databaseError, IN_MEMORY, openDatabase, PAGE_BYTES } from './database.ts';

/** Where a consumer group stands. `restoreFrom` ≤ `committed`. */
export interface Position {
  readonly committed: number;
  readonly restoreFrom: number;
}

/** A stored batch without its data. */
export interface StoredBatch {
  readonly base: number;
  readonly count: number;
  readonly appendedMs: number;
  readonly bytes: number;
}

interface TopicStatements {
  readonly append: StatementSync;
  readonly last: StatementSync;
  readonly next: StatementSync;
  readonly data: StatementSync;
  readonly remove: StatementSync;
}

/**
 * The log's tables and the only place with SQL on them. Everything is synchronous and throws `GatewatchError` only.
 * A topic has one partition, its offsets are dense from 0, and a batch's row id is its first offset.
 */
export class LogStore {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #topics = new Map<Topic, TopicStatements>();
  readonly #end: StatementSync;
  readonly #grow: StatementSync;
  readonly #bytes: StatementSync;
  readonly #totalBytes: StatementSync;
  readonly #freePages: StatementSync;
  readonly #register: StatementSync;
  readonly #position: StatementSync;
  readonly #commit: StatementSync;
  readonly #floor: StatementSync;
  readonly #processed: StatementSync;
  readonly #groups: StatementSync;
  readonly #latest: StatementSync;
  readonly #put: StatementSync;
  readonly #forget: StatementSync;
  #durable = true;

  /** `path` as for `openDatabase`, whose errors it throws. */
  constructor(path: string) {
    this.#path = path;
    const database = openDatabase(path);
    this.#database = database;
    try {
      database.exec('BEGIN IMMEDIATE');
      database.exec(SCHEMA);
      database.exec('COMMIT');
      const prepare = (sql: string) => database.prepare(sql);
      for (const topic of TOPICS) {
        const table = tableOf(topic);
        const select = `SELECT base, count, appended_ms AS appendedMs, bytes FROM ${table}`;
        this.#topics.set(topic, {
          append: prepare(
            `INSERT INTO ${table} (base, count, appended_ms, bytes, data) VALUES (?, ?, ?, ?, ?)`,
          ),
          last: prepare(`${select} WHERE base <= ? ORDER BY base DESC LIMIT 1`),
          next: prepare(`${select} WHERE base >= ? ORDER BY base LIMIT 1`),
          data: prepare(`SELECT data FROM ${table} WHERE base = ?`),
          remove: prepare(`DELETE FROM ${table} WHERE base = ?`),
        });
      }
      this.#end = prepare('SELECT end_offset AS value FROM log_topic WHERE topic = ?');
      this.#grow = prepare(
        'UPDATE log_topic SET end_offset = end_offset + ?, bytes = bytes + ? WHERE topic = ? RETURNING end_offset AS end',
      );
      this.#bytes = prepare('SELECT bytes AS value FROM log_topic WHERE topic = ?');
      this.#totalBytes = prepare('SELECT sum(bytes) AS value FROM log_topic');
      this.#freePages = prepare('SELECT freelist_count AS value FROM pragma_freelist_count');
      this.#register = prepare('INSERT OR IGNORE INTO log_group VALUES (?, ?, 0, 0)');
      this.#position = prepare(
        'SELECT committed, restore_from AS restoreFrom FROM log_group WHERE topic = ? AND name = ?',
      );
      this.#commit = prepare(
        'UPDATE log_group SET committed = ?, restore_from = ? WHERE topic = ? AND name = ?',
      );
      this.#floor = prepare('SELECT min(restore_from) AS value FROM log_group WHERE topic = ?');
      this.#processed = prepare('SELECT min(committed) AS value FROM log_group WHERE topic = ?');
      this.#groups = prepare('SELECT name, committed FROM log_group WHERE topic = ?');
      this.#latest = prepare('SELECT key, headers, value FROM log_latest WHERE topic = ? ORDER BY key');
      this.#put = prepare('INSERT OR REPLACE INTO log_latest VALUES (?, ?, ?, ?)');
      this.#forget = prepare('DELETE FROM log_latest WHERE topic = ? AND key = ?');
    } catch (error) {
      database.close();
      throw databaseError(error, path);
    }
  }

  /**
   * Runs `work` in one transaction, all or nothing. A `durable` one is on the disk when this returns.
   *
   * Others leave the fsync to the next durable one or checkpoint. That is safe for whatever is derived from the log:
   * the write-ahead log is one sequence, so a power cut can only take a suffix of it, and the consumer's commit that
   * says "done" was written after what the consumer appended. If the appended entries are lost so is the commit, and
   * they are derived again. (A killed process loses nothing: the operating system has the bytes.)
   */
  transaction<T>(durable: boolean, work: () => T): T {
    return this.#guard(() => {
      if (this.#durable !== durable) {
        this.#database.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`);
        this.#durable = durable;
      }
      // IMMEDIATE: offsets are read and then used, and another process may append too.
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.#database.exec('COMMIT');
        return result;
      } catch (error) {
        this.#rollBack();
        throw error;
      }
    });
  }

  /** Stores batches at the topic's end. Only within a transaction. */
  append(topic: Topic, batches: readonly EncodedBatch[], nowMs: number): void {
    for (const { count, data } of batches) {
      const { end } = this.#grow.get(count, data.length, topic) as { end: number };
      const base = end - count;
      this.#of(topic).append.run(base, count, nowMs, data.length, data);
      if (COMPACTED.has(topic)) this.#compact(topic, decodeBatch(data, base, count));
    }
  }

  /** The offset that the topic's next entry will have. */
  end(topic: Topic): number {
    return this.#guard(() => (this.#end.get(topic) as { value: number }).value);
  }

  /**
   * The entries from offset `from` on and before `until`: whole stored batches, as many as keep the limits of
   * `framing.ts`, at least one. `next` is where to go on; what retention has deleted is passed over.
   */
  read(topic: Topic, from: number, until: number): { entries: DeliveredEntry[]; next: number } {
    const end = Math.min(until, this.end(topic));
    if (from >= end) return { entries: [], next: from };
    const entries: DeliveredEntry[] = [];
    let bytes = 0;
    let batch = this.#at(topic, from);
    while (batch && batch.base < end) {
      bytes += batch.bytes;
      const more = entries.length + batch.count <= BATCH_ENTRIES_MAX && bytes <= BATCH_BYTES_MAX;
      if (entries.length > 0 && !more) break;
      for (const entry of this.#load(topic, batch)) entries.push(entry);
      batch = this.#next(topic, batch.base + batch.count);
    }
    const wanted = entries.filter(({ offset }) => offset >= from && offset < end);
    return { entries: wanted, next: (wanted.at(-1)?.offset ?? end - 1) + 1 };
  }

  /** Makes the group known, at offset 0 if it is new, and says where it stands. From now on it holds back retention. */
  register(topic: Topic, group: string): Position {
    return this.transaction(false, () => {
      this.#register.run(topic, group);
      return this.#position.get(topic, group) as unknown as Position;
    });
  }

  commit(topic: Topic, group: string, { committed, restoreFrom }: Position): void {
    this.transaction(false, () => this.#commit.run(committed, restoreFrom, topic, group));
  }

  /** Committed offset by group. */
  groups(topic: Topic): Record<string, number> {
    const rows = this.#guard(() => this.#groups.all(topic)) as { name: string; committed: number }[];
    return Object.fromEntries(rows.map(({ name, committed }) => [name, committed]));
  }

  /** Entries before this offset are needed by no group; Infinity if the topic has none. */
  floor(topic: Topic): number {
    const { value } = this.#guard(() => this.#floor.get(topic)) as { value: number | null };
    return value ?? Number.POSITIVE_INFINITY;
  }

  /** Entries before this offset have been processed by every group; Infinity if the topic has none. A restart may want to read them again. */
  processed(topic: Topic): number {
    const { value } = this.#guard(() => this.#processed.get(topic)) as { value: number | null };
    return value ?? Number.POSITIVE_INFINITY;
  }

  /** Bytes of the stored batches of one topic, or of all. The file is larger by what pages and trees cost, a few per cent. */
  bytes(topic?: Topic): number {
    const row = this.#guard(() => (topic === undefined ? this.#totalBytes.get() : this.#bytes.get(topic)));
    return (row as { value: number }).value;
  }

  /** Bytes that can still be stored: pages free in the file, and the disk's. */
  freeBytes(): number {
    if (this.#path === IN_MEMORY) return Number.POSITIVE_INFINITY;
    return this.#guard(() => {
      const { value } = this.#freePages.get() as { value: number };
      const { bavail, bsize } = statfsSync(this.#path);
      return value * PAGE_BYTES + bavail * bsize;
    });
  }

  oldest(topic: Topic): StoredBatch | undefined {
    return this.#next(topic, 0);
  }

  /** Only within a transaction. */
  remove(topic: Topic, { base, bytes }: StoredBatch): void {
    this.#of(topic).remove.run(base);
    this.#grow.run(0, -bytes, topic);
  }

  /** The latest entry of every key of a compacted topic, by key. */
  table(topic: Topic): LogEntry[] {
    if (!COMPACTED.has(topic)) throw new TypeError(`${topic} is not a compacted topic`);
    const rows = this.#guard(() => this.#latest.all(topic)) as {
      key: string;
      headers: string;
      value: Uint8Array;
    }[];
    return rows.map(({ key, headers, value }) => ({
      key,
      headers: JSON.parse(headers),
      value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    }));
  }

  close(): void {
    this.#database.close();
  }

  #of(topic: Topic): TopicStatements {
    return this.#topics.get(topic)!;
  }

  /** The batch that holds the offset, else the next one. */
  #at(topic: Topic, offset: number): StoredBatch | undefined {
    const last = this.#guard(() => this.#of(topic).last.get(offset)) as StoredBatch | undefined;
    return last && last.base + last.count > offset ? last : this.#next(topic, offset);
  }

  #next(topic: Topic, base: number): StoredBatch | undefined {
    return this.#guard(() => this.#of(topic).next.get(base)) as StoredBatch | undefined;
  }

  #load(topic: Topic, { base, count }: StoredBatch): DeliveredEntry[] {
    const where = `topic ${topic}, offset ${base}`;
    const row = this.#guard(() => this.#of(topic).data.get(base), where) as { data: Uint8Array } | undefined;
    // Another process's retention was faster: it deletes only what no group needs.
    if (row === undefined) return [];
    try {
      return decodeBatch(row.data, base, count);
    } catch (cause) {
      const what = `${this.#path}: a stored batch is damaged: ${(cause as Error).message}.`;
      throw new GatewatchError('DATABASE_CORRUPT', what, { where, cause });
    }
  }

  #compact(topic: Topic, entries: readonly LogEntry[]): void {
    for (const { key, headers, value } of entries) {
      if (value.length === 0) this.#forget.run(topic, key);
      else this.#put.run(topic, key, JSON.stringify(headers), value);
    }
  }

  #rollBack(): void {
    // SQLite rolls back by itself after some errors; one more error here would hide the first.
    try {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    } catch {}
  }

  #guard<T>(work: () => T, where?: string): T {
    try {
      return work();
    } catch (error) {
      throw databaseError(error, this.#path, 'LOG_UNAVAILABLE', where);
    }
  }
}

function tableOf(topic: Topic): string {
  return `log_${topic.replace('-', '_')}`;
}

// `bytes` stands before `data`, so that a batch's row can be judged without reading its pages.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS log_topic (
    topic TEXT PRIMARY KEY, end_offset INTEGER NOT NULL, bytes INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS log_group (
    topic TEXT NOT NULL, name TEXT NOT NULL, committed INTEGER NOT NULL, restore_from INTEGER NOT NULL,
    PRIMARY KEY (topic, name)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS log_latest (
    topic TEXT NOT NULL, key TEXT NOT NULL, headers TEXT NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (topic, key)
  ) WITHOUT ROWID;
  ${TOPICS.map(
    (topic) => `
  CREATE TABLE IF NOT EXISTS ${tableOf(topic)} (
    base INTEGER PRIMARY KEY, count INTEGER NOT NULL, appended_ms INTEGER NOT NULL, bytes INTEGER NOT NULL,
    data BLOB NOT NULL
  );
  INSERT OR IGNORE INTO log_topic VALUES ('${topic}', 0, 0);`,
  ).join('')}
`;
