import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogAppender } from '../../log/port.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Parsed } from '../parsed.ts';
import { store } from '../store.ts';
import { linesOf } from './lines.ts';
import { parseDocument } from './parse.ts';
import type { FileLimits } from './read.ts';

/** How often a followed file is looked at, milliseconds. */
const POLL_MS = 500;

/** Bytes read at a time; a batch is what they hold in whole lines. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/** How far a file has been taken: the bytes before `position` of the file with this inode are in the log. */
interface Position {
  readonly inode: number;
  readonly position: number;
}

export interface FollowOptions {
  readonly path: string;
  readonly cluster: string;
  readonly dataDir: string;
  readonly log: LogAppender;
  readonly limits: FileLimits;
  readonly metrics: Metrics;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Told of what keeps the file from being read or stored; it is tried again. */
  readonly failed: (error: unknown) => void;
}

/**
 * Follows an audit log file through rotation (rename or truncation) until aborted. How far it came is kept in the data
 * folder, written after the log has the lines: a restart may take some lines twice, which changes nothing, and loses none.
 */
export async function follow(options: FollowOptions): Promise<void> {
  const { signal, failed } = options;
  const follower = new Follower(options);
  while (!signal.aborted) {
    try {
      await follower.advance();
    } catch (error) {
      failed(error);
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => {});
  }
  await follower.close();
}

class Follower {
  readonly #options: FollowOptions;
  readonly #positionFile: string;
  #handle: FileHandle | undefined;
  #inode = 0;
  #position = 0;
  #restored = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    const name = createHash('sha256')
      .update(`${options.cluster}\0${options.path}`)
      .digest('hex')
      .slice(0, 24);
    this.#positionFile = join(options.dataDir, 'followed', `${name}.json`);
  }

  /** Takes what has been added since the last call. */
  async advance(): Promise<void> {
    const current = await stat(this.#options.path).catch(() => undefined);
    if (!this.#handle) {
      if (!current) return;
      await this.#open(current.ino, current.size);
    }
    await this.#takeLines();
    if (!current) return;
    if (current.ino !== this.#inode) {
      await this.close();
      await this.#open(current.ino, current.size);
      await this.#takeLines();
    } else if (current.size < this.#position) {
      this.#position = 0; // truncated in place
      await this.#takeLines();
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #open(inode: number, size: number): Promise<void> {
    this.#handle = await open(this.#options.path, constants.O_RDONLY);
    this.#inode = inode;
    this.#position = 0;
    if (this.#restored) return;
    this.#restored = true;
    const known = await readFile(this.#positionFile, 'utf8').then(
      (text) => JSON.parse(text) as Position,
      () => undefined,
    );
    if (known?.inode === inode && known.position <= size) this.#position = known.position;
  }

  async #takeLines(): Promise<void> {
    for (;;) {
      const taken = await this.#takeChunk();
      if (taken === 0 || this.#options.signal.aborted) return;
    }
  }

  /** @returns the bytes taken; 0 if there is no whole line more. */
  async #takeChunk(bytesMax = CHUNK_BYTES): Promise<number> {
    const { cluster, path, limits, log, metrics, now } = this.#options;
    const size = (await this.#handle!.stat()).size - this.#position;
    if (size <= 0) return 0;
    const buffer = Buffer.allocUnsafe(Math.min(size, bytesMax));
    const { bytesRead } = await this.#handle!.read(buffer, 0, buffer.length, this.#position);
    const tooLong = bytesMax > limits.body_bytes_max;
    const parsed: Parsed = { records: [], rejected: [] };
    const origin = { cluster, receivedMs: now() };
    let taken = 0;
    for await (const line of linesOf(
      once(buffer.subarray(0, bytesRead)),
      bytesMax,
      tooLong ? 'take' : 'leave',
    )) {
      const where = `${path}@${this.#position + taken}`;
      taken = line.end;
      if (line.bytes.length === 0) continue;
      const { records, rejected } = parseDocument(line.bytes, origin, limits, where);
      parsed.records.push(...records);
      parsed.rejected.push(...rejected);
    }
    // A line that does not fit is looked for with more room, up to the limit on a document; beyond, it is taken in pieces, which are refused.
    if (taken === 0) return bytesRead === bytesMax ? this.#takeChunk(bytesMax * 2) : 0;
    await store(log, metrics, origin, 'file', parsed);
    metrics.count('receiveBytes', taken, { input: 'file' });
    this.#position += taken;
    await this.#remember();
    return taken;
  }

  async #remember(): Promise<void> {
    const position: Position = { inode: this.#inode, position: this.#position };
    await mkdir(join(this.#options.dataDir, 'followed'), { recursive: true });
    const temporary = `${this.#positionFile}.new`;
    await writeFile(temporary, JSON.stringify(position));
    await rename(temporary, this.#positionFile);
  }
}

async function* once(buffer: Buffer): AsyncGenerator<Buffer> {
  yield buffer;
}
