import { setTimeout as sleep } from 'node:timers/promises';
import type { LogAppender } from '../../log/port.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Parsed } from '../parsed.ts';
import { store } from '../store.ts';
import { linesOf } from './lines.ts';
import { parseDocument } from './parse.ts';
import { Places } from './places.ts';
import type { FileLimits } from './read.ts';
import { inodeOf, OpenFile, rotatedFiles } from './rotation.ts';

/** How often a followed file is looked at, milliseconds. */
const POLL_MS = 500;

/** For so many looks a rotated file is still read: its writer goes on with it until it has been told, or has noticed. */
const LOOKS_AFTER_ROTATION = 10;

/** Rotated files read at one time; of more the oldest is given up as finished. */
const ROTATED_MAX = 8;

/** Bytes read at a time; a batch is what they hold in whole lines. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/** Lines in one batch, so that very short ones do not make a very large one. */
const BATCH_LINES_MAX = 2000;

const CARRIAGE_RETURN = 0x0d;
const NEWLINE = 0x0a;

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
  /** Milliseconds between two looks at the file; for tests. */
  readonly pollMs?: number;
}

/**
 * Follows an audit log file through rotation (rename or truncation) until aborted. How far it came is kept in the data
 * folder, written after the log has the lines: a restart may take some lines twice, which changes nothing, and loses none.
 * What was rotated away meanwhile is looked for beside the file; it is found unless it was compressed or deleted.
 */
export async function follow(options: FollowOptions): Promise<void> {
  const { signal, failed, pollMs = POLL_MS } = options;
  const follower = new Follower(options);
  while (!signal.aborted) {
    try {
      await follower.advance();
    } catch (error) {
      failed(error);
    }
    await sleep(pollMs, undefined, { signal }).catch(() => {});
  }
  await follower.close();
}

interface Rotated {
  readonly file: OpenFile;
  looks: number;
}

class Follower {
  readonly #options: FollowOptions;
  readonly #places: Places;
  #current: OpenFile | undefined;
  /** The oldest first. */
  #rotated: Rotated[] = [];
  #restored = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#places = new Places(options.dataDir, options.cluster, options.path);
  }

  /** Takes what has been added since the last call. */
  async advance(): Promise<void> {
    if (!this.#restored) await this.#restore();
    for (const rotated of [...this.#rotated]) await this.#finish(rotated);
    const inode = await inodeOf(this.#options.path);
    if (this.#current && inode !== undefined && inode !== this.#current.inode) {
      this.#rotated.push({ file: this.#current, looks: 0 });
      this.#current = undefined;
      await this.#finish(this.#rotated.at(-1)!);
    }
    if (!this.#current) {
      if (inode === undefined) return;
      this.#current = await OpenFile.open(this.#options.path);
    }
    await this.#takeLines(this.#current);
  }

  async close(): Promise<void> {
    for (const { file } of this.#rotated) await file.close();
    await this.#current?.close();
  }

  /** Opens what an earlier process had not finished, and what was rotated since. */
  async #restore(): Promise<void> {
    const { path } = this.#options;
    const known = await this.#places.read();
    const inode = await inodeOf(path);
    if (known.length > 0) {
      let since = false;
      for (const name of await rotatedFiles(path)) {
        const file = await OpenFile.open(name);
        const place = known.find((one) => one.inode === file.inode);
        since ||= place !== undefined && (await file.resume(place));
        if (since && file.inode !== inode) this.#rotated.push({ file, looks: 0 });
        else await file.close();
      }
    }
    if (inode !== undefined) {
      this.#current = await OpenFile.open(path);
      const place = known.find((one) => one.inode === this.#current!.inode);
      if (place) await this.#current.resume(place);
    }
    this.#restored = true;
  }

  /** Takes what has been written to a rotated file; after some looks also a last line without an end. */
  async #finish(rotated: Rotated): Promise<void> {
    const over = ++rotated.looks > LOOKS_AFTER_ROTATION || this.#rotated.length > ROTATED_MAX;
    await this.#takeLines(rotated.file, over ? 'take' : 'leave');
    if (!over) return;
    this.#rotated = this.#rotated.filter((one) => one !== rotated);
    await rotated.file.close();
    await this.#remember();
  }

  async #takeLines(file: OpenFile, lastLine: 'take' | 'leave' = 'leave'): Promise<void> {
    if (await file.isAnother()) file.restart(); // truncated in place, perhaps grown again
    for (;;) {
      const taken = await this.#takeChunk(file, lastLine);
      if (taken === 0 || this.#options.signal.aborted) return;
    }
  }

  /** @returns the bytes taken; 0 if there is no whole line more. */
  async #takeChunk(file: OpenFile, lastLine: 'take' | 'leave', bytesMax = CHUNK_BYTES): Promise<number> {
    const { cluster, limits, log, metrics, now } = this.#options;
    const bytes = await file.read(bytesMax);
    if (bytes.length === 0) return 0;
    if (file.passing) return this.#passOver(file, bytes);
    const cut = bytes.length === bytesMax;
    // A line that is longer than a document may be is taken as far as it was read, and refused.
    const tooLong = bytes.length > limits.body_bytes_max && !bytes.includes(NEWLINE);
    const take = tooLong || (lastLine === 'take' && !cut) ? 'take' : 'leave';
    const origin = { cluster, receivedMs: now() };
    const parsed: Parsed = { records: [], rejected: [] };
    let taken = 0;
    for await (const line of linesOf(once(bytes), bytesMax, take)) {
      const where = `${file.path}@${file.position + taken}`;
      taken = line.end;
      const content = line.bytes.subarray(0, line.bytes.at(-1) === CARRIAGE_RETURN ? -1 : undefined);
      if (content.length === 0) continue;
      const { records, rejected } = parseDocument(content, origin, limits, where);
      parsed.records.push(...records);
      parsed.rejected.push(...rejected);
      if (line.number >= BATCH_LINES_MAX) break;
    }
    if (taken === 0) return cut ? this.#takeChunk(file, lastLine, bytesMax * 2) : 0;
    await store(log, metrics, origin, 'file', parsed);
    metrics.count('receiveBytes', taken, { input: 'file' });
    file.passing = tooLong;
    await file.advance(taken);
    await this.#remember();
    return taken;
  }

  async #passOver(file: OpenFile, bytes: Buffer): Promise<number> {
    const end = bytes.indexOf(NEWLINE);
    file.passing = end < 0;
    const passed = end < 0 ? bytes.length : end + 1;
    await file.advance(passed);
    return passed;
  }

  async #remember(): Promise<void> {
    const open = [...this.#rotated.map(({ file }) => file), ...(this.#current ? [this.#current] : [])];
    await this.#places.write(open.map((file) => file.place));
  }
}

async function* once(buffer: Buffer): AsyncGenerator<Buffer> {
  yield buffer;
}
