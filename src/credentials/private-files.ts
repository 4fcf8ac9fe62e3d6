import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewatchError } from '../errors.ts';

const LOCK_WAIT_MS = 10_000;
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

/**
 * Runs an action that reads and then writes files of the folder, one at a time over all processes: two `setup`
 * commands at once must not lose one another's cluster, nor make two authorities.
 */
export async function exclusively<Result>(folder: string, action: () => Promise<Result>): Promise<Result> {
  await makePrivateFolder(folder);
  const lock = join(folder, 'credentials.lock');
  const deadline = performance.now() + LOCK_WAIT_MS;
  for (;;) {
    try {
      await (await open(lock, 'wx', 0o600)).close();
      break;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(lock, cause);
      if (performance.now() > deadline) {
        throw new GatewatchError(
          'FILE_UNREADABLE',
          `${lock} is held: another command is changing credentials, or one was killed. If none runs, delete that file.`,
          { where: dirname(lock), cause },
        );
      }
      await sleep(LOCK_RETRY_MS);
    }
  }
  try {
    return await action();
  } finally {
    await rm(lock, { force: true });
  }
}

function unusable(path: string, cause: unknown): GatewatchError {
  return new GatewatchError('FILE_UNREADABLE', `${(cause as Error).message}.`, { where: path, cause });
}
