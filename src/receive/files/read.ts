import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { GatewatchError } from '../../errors.ts';
import type { InputLimits, Origin, Parsed } from '../parsed.ts';
import { linesOf } from './lines.ts';
import { parseDocument } from './parse.ts';

/** Names of files taken from a folder. A file that is named itself is taken whatever it is called. */
const EVENT_FILE = /\.(?:ndjson|jsonl|json|log)(?:\.gz)?$/;

/** Records handed on at a time. */
const BATCH_RECORDS = 400;

/** Files a folder may hold, so that a wrong path is noticed. */
const FILES_MAX = 100_000;

/** Limits for files: a document may be as large as a body. */
export interface FileLimits extends InputLimits {
  readonly body_bytes_max: number;
}

/** A file to read, and its size as it lies on the disk. */
export interface SourceFile {
  readonly path: string;
  readonly bytes: number;
}

/**
 * The files that paths stand for: files as they are, folders with all event files below them, in the order of their names.
 * @throws FILE_UNREADABLE
 */
export async function findFiles(paths: readonly string[]): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for (const path of paths) {
    const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
      throw unreadable(path, cause);
    });
    if (!info.isDirectory()) {
      files.push({ path, bytes: info.size });
      continue;
    }
    const entries = await readdir(path, { recursive: true });
    for (const entry of entries.filter((name) => EVENT_FILE.test(name)).sort()) {
      if (files.length >= FILES_MAX) {
        throw new GatewatchError('FILE_UNREADABLE', `More than ${FILES_MAX} files.`, { where: path });
      }
      const inner = join(path, entry);
      files.push({ path: inner, bytes: (await stat(inner)).size });
    }
  }
  return files;
}

/**
 * Reads a file of JSON lines, or of one JSON document, plain or gzip, in bounded batches.
 * @param read is told of the bytes read from the disk, for progress
 * @throws FILE_UNREADABLE; a line that is not an event is a rejection
 */
export async function* readFile(
  file: string,
  origin: Origin,
  limits: FileLimits,
  read: (bytes: number) => void = () => {},
): AsyncGenerator<Parsed> {
  let batch: { records: Parsed['records']; rejected: Parsed['rejected'] } = { records: [], rejected: [] };
  try {
    for await (const { bytes, where } of documents(file, limits, read)) {
      const parsed = parseDocument(bytes, origin, limits, where);
      batch.records.push(...parsed.records);
      batch.rejected.push(...parsed.rejected);
      if (batch.records.length + batch.rejected.length >= BATCH_RECORDS) {
        yield batch;
        batch = { records: [], rejected: [] };
      }
    }
  } catch (error) {
    // What stands before the place that cannot be read is good (a gzip file cut short, a disk error).
    if (batch.records.length + batch.rejected.length > 0) yield batch;
    throw error instanceof GatewatchError ? error : unreadable(file, error as NodeJS.ErrnoException);
  }
  if (batch.records.length + batch.rejected.length > 0) yield batch;
}

interface Document {
  readonly bytes: Buffer;
  readonly where: string;
}

/** The lines of a file that is JSON by line; all of a file that is one document over several lines. */
async function* documents(
  file: string,
  limits: FileLimits,
  read: (bytes: number) => void,
): AsyncGenerator<Document> {
  const whole: Buffer[] = [];
  let wholeBytes = 0;
  let byLine: boolean | undefined;
  for await (const { bytes, number } of linesOf(chunks(file, read), limits.body_bytes_max)) {
    const line = bytes.subarray(0, bytes.at(-1) === 0x0d ? -1 : undefined);
    // A line that was cut because it is too long has no end to look at.
    if (byLine === undefined && line.length > 0)
      byLine = bytes.length > limits.body_bytes_max || standsAlone(line);
    if (byLine === false) {
      whole.push(line, Buffer.from('\n'));
      wholeBytes += line.length + 1;
      if (wholeBytes > limits.body_bytes_max) {
        throw new GatewatchError(
          'BODY_TOO_LARGE',
          `More than ${limits.body_bytes_max} bytes in one document.`,
          { where: file },
        );
      }
    } else if (line.length > 0) yield { bytes: line, where: `${file}:${number}` };
  }
  if (whole.length > 0) yield { bytes: Buffer.concat(whole), where: file };
}

/** Whether a file's first line is a document of its own; that of a document over several lines opens a bracket and does not end with its closing. */
function standsAlone(line: Buffer): boolean {
  const text = line.toString('latin1').trim();
  const closing = text.startsWith('{') ? '}' : text.startsWith('[') ? ']' : undefined;
  return closing === undefined || (text.length > 1 && text.endsWith(closing));
}

async function* chunks(file: string, read: (bytes: number) => void): AsyncGenerator<Buffer> {
  const raw = createReadStream(file, { highWaterMark: 1 << 20 });
  raw.on('data', (chunk) => read(chunk.length));
  const gunzip = file.endsWith('.gz') ? createGunzip() : undefined;
  if (!gunzip) {
    yield* raw as AsyncIterable<Buffer>;
    return;
  }
  raw.on('error', (error) => gunzip.destroy(error));
  yield* raw.pipe(gunzip) as AsyncIterable<Buffer>;
}

function unreadable(path: string, cause: NodeJS.ErrnoException): GatewatchError {
  return new GatewatchError('FILE_UNREADABLE', `${cause.message}.`, { where: path, cause });
}
