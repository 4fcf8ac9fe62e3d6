import { createHash } from 'node:crypto';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { Place } from './places.ts';

/** Bytes before a place by which the file is known again: inodes are reused, and files truncated. */
const MARK_BYTES = 1024;

/** Rotated files looked at after a restart, the latest. */
const ROTATED_FILES_MAX = 32;

/** A file that stays open, whatever becomes of its name, and how far it has been taken. */
export class OpenFile {
  readonly path: string;
  readonly inode: number;
  readonly #handle: FileHandle;
  #mark = digest(Buffer.alloc(0));
  position = 0;
  /** True in the middle of a line that was too long: the rest of it is passed over. */
  passing = false;

  private constructor(path: string, handle: FileHandle, inode: number) {
    this.path = path;
    this.#handle = handle;
    this.inode = inode;
  }

  static async open(path: string): Promise<OpenFile> {
    const handle = await open(path, 'r');
    // Of the handle, not of the name: that may mean another file by now.
    return new OpenFile(path, handle, (await handle.stat()).ino);
  }

  get place(): Place {
    return { inode: this.inode, position: this.position, mark: this.#mark };
  }

  /** Goes on where an earlier process stopped. @returns false if this is not the file that it read */
  async resume({ position, mark }: Place): Promise<boolean> {
    if ((await this.#markAt(position)) !== mark) return false;
    this.position = position;
    this.#mark = mark;
    return true;
  }

  /** True if the bytes before the place are no longer those that were taken. */
  async isAnother(): Promise<boolean> {
    return this.position > 0 && (await this.#markAt(this.position)) !== this.#mark;
  }

  /** Begins again: the file was truncated. */
  restart(): void {
    this.position = 0;
    this.passing = false;
  }

  /** At most so many bytes from the place on. */
  async read(bytesMax: number): Promise<Buffer> {
    const left = (await this.#handle.stat()).size - this.position;
    if (left <= 0) return Buffer.alloc(0);
    return this.#readAt(this.position, Math.min(left, bytesMax));
  }

  async advance(bytes: number): Promise<void> {
    this.position += bytes;
    this.#mark = await this.#markAt(this.position);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #markAt(position: number): Promise<string> {
    const length = Math.min(position, MARK_BYTES);
    return digest(await this.#readAt(position - length, length));
  }

  async #readAt(position: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await this.#handle.read(buffer, 0, length, position);
    return buffer.subarray(0, bytesRead);
  }
}

/** The inode that a name stands for at the moment, if any. */
export async function inodeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.ino;
}

/**
 * Uncompressed files that were rotated away from a name, the oldest first: `audit-2026-11-22T13-00-00.000.log` (kube-apiserver),
 * `audit.log.1` and `audit.log-20261122` (logrotate).
 */
export async function rotatedFiles(path: string): Promise<string[]> {
  const folder = dirname(path);
  const name = basename(path);
  const extension = extname(name);
  const stem = basename(name, extension);
  const names = (await readdir(folder).catch(() => [])).filter(
    (one) =>
      one !== name &&
      !one.endsWith('.gz') &&
      (one.startsWith(`${name}.`) ||
        one.startsWith(`${name}-`) ||
        (one.startsWith(`${stem}-`) && one.endsWith(extension))),
  );
  const files = await Promise.all(
    names.map(async (one) => {
      const info = await stat(join(folder, one)).catch(() => undefined);
      return info?.isFile() ? [{ path: join(folder, one), mtimeMs: info.mtimeMs }] : [];
    }),
  );
  return files
    .flat()
    .sort((a, b) => a.mtimeMs - b.mtimeMs)
    .slice(-ROTATED_FILES_MAX)
    .map((file) => file.path);
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('base64');
}
