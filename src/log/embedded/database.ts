import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type ErrorCode, GatewatchError } from '../../errors.ts';

/** A database that lives and dies with its connection; for `replay` and tests. */
export const IN_MEMORY = ':memory:';

/** The layout that this version writes; a file with a higher one is refused rather than misread. */
const DATABASE_VERSION = 1;

/** How long a writer waits for another thread's or process's transaction, milliseconds. Ours last milliseconds. */
const BUSY_MS_MAX = 5_000;

/**
 * Bytes per page. Stored batches are near a megabyte: with 16 KiB they are written a third faster than with SQLite's
 * 4 KiB, and deleting one touches a quarter of the pages; larger pages would make small rows dear.
 */
export const PAGE_BYTES = 16_384;

/** The write-ahead log is copied into the database when it has this many bytes: large enough to be rare, small enough to take a few milliseconds. */
const CHECKPOINT_BYTES = 8 * 1024 * 1024;

/** A write-ahead log that a long reader let grow is cut back to this once it is through. */
const WAL_BYTES_KEPT = 64 * 1024 * 1024;

/** Primary result codes of SQLite (the low byte of an extended one). */
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;
/** Extended code: the index of the write-ahead log could not grow, which is a full disk. */
const SQLITE_IOERR_SHMSIZE = 4874;

/**
 * Opens Gatewatch's one database file, creating it (readable by its owner only) unless `readOnly`. Any number of
 * connections, threads and processes may have it open.
 *
 * Throws `DATABASE_CORRUPT` (damaged, or not a database), `DATABASE_VERSION_UNKNOWN`, `FILE_UNREADABLE`, `LOG_FULL`.
 */
export function openDatabase(path: string, options: { readOnly?: boolean } = {}): DatabaseSync {
  const readOnly = options.readOnly ?? false;
  let database: DatabaseSync | undefined;
  try {
    // SQLite would create it with the process's umask; audit events are nobody else's to read.
    if (!readOnly && path !== IN_MEMORY) closeSync(openSync(path, 'a', 0o600));
    database = new DatabaseSync(path, { readOnly, timeout: BUSY_MS_MAX });
    const version = checkVersion(database, path);
    if (!readOnly) prepare(database, version);
    probe(database);
    return database;
  } catch (error) {
    database?.close();
    throw databaseError(error, path, 'FILE_UNREADABLE');
  }
}

/**
 * What an error of SQLite means to a user: `DATABASE_CORRUPT` naming the file (and `where` in it, if known),
 * `LOG_FULL` for a full disk, else `otherwise`. A `GatewatchError` passes through.
 */
export function databaseError(
  error: unknown,
  path: string,
  otherwise: ErrorCode = 'LOG_UNAVAILABLE',
  where?: string,
): GatewatchError {
  if (error instanceof GatewatchError) return error;
  const { message, errcode } = error as Error & { errcode?: number };
  const detail = where === undefined ? { cause: error } : { cause: error, where };
  switch (errcode === SQLITE_IOERR_SHMSIZE ? SQLITE_FULL : (errcode ?? 0) & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return new GatewatchError('DATABASE_CORRUPT', `${path}: ${message}.`, detail);
    case SQLITE_FULL:
      return new GatewatchError('LOG_FULL', `The disk of ${path} is full.`, detail);
    case SQLITE_BUSY:
      return new GatewatchError('LOG_UNAVAILABLE', `${path} is locked by another process.`, detail);
    default:
      return new GatewatchError(otherwise, `${path}: ${message}.`, detail);
  }
}

function checkVersion(database: DatabaseSync, path: string): number {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version <= DATABASE_VERSION) return version;
  throw new GatewatchError(
    'DATABASE_VERSION_UNKNOWN',
    `${path} has layout ${version}; this version knows up to ${DATABASE_VERSION}.`,
  );
}

/**
 * Freed pages stay in the file and are used again (SQLite's freelist), without auto_vacuum: it would touch a pointer
 * map with every page written, to give back what the next hour's batches need anyway.
 */
function prepare(database: DatabaseSync, version: number): void {
  database.exec(`
    PRAGMA page_size = ${PAGE_BYTES};
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_BYTES / PAGE_BYTES};
    PRAGMA journal_size_limit = ${WAL_BYTES_KEPT};
  `);
  // Not each time: it is a write, and a full disk must not keep the log from being opened and read.
  if (version < DATABASE_VERSION) database.exec(`PRAGMA user_version = ${DATABASE_VERSION}`);
}

/** Reads the schema and both ends of every table: finds a foreign, overwritten or cut file at once, whatever its size. */
function probe(database: DatabaseSync): void {
  const tables = database
    .prepare(`SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow')`)
    .all() as { name: string; wr: number }[];
  for (const { name, wr: withoutRowid } of tables) {
    const table = `"${name.replaceAll('"', '""')}"`;
    const ends = [`SELECT * FROM ${table} LIMIT 1`];
    if (!withoutRowid) ends.push(`SELECT * FROM ${table} ORDER BY rowid DESC LIMIT 1`);
    for (const sql of ends) {
      const statement = database.prepare(sql);
      statement.setReadBigInts(true); // the full-text tables number their blocks beyond what a number holds
      statement.get();
    }
  }
}
