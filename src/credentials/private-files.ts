import { chmod, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewatchError } from '../errors.ts';

/** Whoever holds the lock needs it for well under a second. */
const LOCK_ABANDONED_MS = 10_000;
const LOCK_RETRY_MS = 25;

/** Creates a folder that only its owner can enter; one that exists is left as it is. */
export async function makePrivateFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw unusable(folder, cause);
  }
}

/** Writes a file whole or not at all: readers see the former or the new content, also after a crash. */
export async function writeWhole(path: string, content: string, mode = 0o600): Promise<void> {
  const fresh = `${path}.${process.pid}.new`;
  try {
    await rm(fresh, { force: true });
    const file = await open(fresh, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(fresh, mode); // the process's umask may have taken more away than asked for
    await rename(fresh, path);
  } catch (cause) {
    await rm(fresh, { force: true });
    throw unusable(path, cause);
  }
}

/** Content of a text file; undefined if there is none. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(path, cause);
  }
}

/** The last action of this process on each lock; the next one waits for it. */
const lastOn = new Map<string, Promise<unknown>>();

/**
 * Runs an action that reads and then writes files of the folder, one at a time over all processes: two `setup`
 * commands at once must not lose one another's cluster, nor make two authorities. A lock that a killed process left
 * behind is taken over.
 */
export async function exclusively<Result>(folder: string, action: () => Promise<Result>): Promise<Result> {
  await makePrivateFolder(folder);
  const lock = resolve(folder, 'credentials.lock');
  const before = lastOn.get(lock) ?? Promise.resolve();
  const result = before.then(() => locked(lock, action));
  lastOn.set(
    lock,
    result.catch(() => undefined),
  );
  return result;
}

async function locked<Result>(lock: string, action: () => Promise<Result>): Promise<Result> {
  while (!(await take(lock))) {
    if (await abandoned(lock)) await rm(lock, { force: true });
    else await sleep(LOCK_RETRY_MS);
  }
  try {
    return await action();
  } finally {
    await rm(lock, { force: true });
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw unusable(lock, cause);
  }
}

async function abandoned(lock: string): Promise<boolean> {
  try {
    const [owner, { mtimeMs }] = await Promise.all([readFile(lock, 'utf8'), stat(lock)]);
    if (Date.now() - mtimeMs > LOCK_ABANDONED_MS) return true;
    // Within this process the actions wait for one another: our own id was that of a process before us.
    return owner === String(process.pid) || (owner !== '' && !isAlive(Number(owner)));
  } catch {
    return false; // gone meanwhile
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function unusable(path: string, cause: unknown): GatewatchError {
  return new GatewatchError('FILE_UNREADABLE', `${(cause as Error).message}.`, { where: path, cause });
}
