import { existsSync, lstatSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { Keeper } from './kept.ts';

/** Where something of this name is in the cache, if it is there. */
export function cached(name: string): string | undefined {
  const path = join(cacheFolder(), name);
  return existsSync(path) ? path : undefined;
}

/**
 * The cache's folder of this name, made on first use: `make` puts it into a folder of its own, from where it is moved into place whole.
 * Another process that wants it waits.
 *
 * @param make resolves to the path of what it made
 */
export async function cache(
  name: string,
  make: (keeper: Keeper, folder: string) => Promise<string>,
): Promise<string> {
  const target = join(cacheFolder(), name);
  if (existsSync(target)) return target;
  const unlock = await lock(join(cacheFolder(), 'lock'));
  try {
    if (existsSync(target)) return target;
    const { keeper, folder } = await Keeper.open(cacheFolder());
    try {
      renameSync(await make(keeper, folder), target);
    } finally {
      await keeper.close();
    }
    return target;
  } finally {
    unlock();
  }
}

/** Where downloads are kept, outside of the working tree; GATEWATCH_TEST_CACHE names another place. */
export function cacheFolder(): string {
  const uid = process.getuid!();
  const folder = process.env.GATEWATCH_TEST_CACHE || defaultFolder(uid);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o022) !== 0)
    throw new Error(`${folder} must be a folder that you own and that nobody else may write to: remove it.`);
  return folder;
}

function defaultFolder(uid: number): string {
  const own = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  // Root's servers run as another user, who cannot enter root's home.
  if (uid === 0 && !isOpen(own)) return join(tmpdir(), `gatewatch-test-cache-${uid}`);
  return join(own, 'gatewatch-test');
}

/** Whether every user may enter the folder. */
function isOpen(folder: string): boolean {
  if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false;
  return folder === dirname(folder) || isOpen(dirname(folder));
}

/** A lock among processes, by way of a database because a process that is killed loses it. */
async function lock(path: string): Promise<() => void> {
  const database = new DatabaseSync(path, { timeout: 0 });
  for (;;) {
    try {
      database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
      return () => database.close();
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
      await delay(200);
    }
  }
}

const SQLITE_BUSY = 5;
