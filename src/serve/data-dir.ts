import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makePrivateFolder, readIfPresent, writeWhole } from '../credentials/private-files.ts';
import { generateToken } from '../credentials/tokens.ts';
import { GatewatchError } from '../errors.ts';

/** The file that holds the embedded log and alert store. */
export function databaseFile(dataDir: string): string {
  return join(dataDir, 'gatewatch.db');
}

/**
 * Makes the data folder this process's alone. The lock is SQLite's, so it ends with the process however that ends.
 * @returns gives the folder up
 * @throws DATA_DIR_IN_USE, FILE_UNREADABLE
 */
export async function claimDataDir(dataDir: string): Promise<() => void> {
  await makePrivateFolder(dataDir);
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(join(dataDir, 'lock.db'), { timeout: 0 });
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock?.close();
    const { errcode, message } = cause as Error & { errcode?: number };
    throw errcode === SQLITE_BUSY
      ? new GatewatchError('DATA_DIR_IN_USE', 'The data folder is locked by another process.', {
          where: dataDir,
          cause,
        })
      : new GatewatchError('FILE_UNREADABLE', `${message}.`, { where: join(dataDir, 'lock.db'), cause });
  }
  const held = lock;
  return () => held.close();
}

/** The result code of SQLite for what another connection has locked. */
const SQLITE_BUSY = 5;

/** A secret kept in the data folder, made on first use. */
export async function keptSecret(dataDir: string, name: 'console-token'): Promise<string> {
  const path = join(dataDir, name);
  const present = (await readIfPresent(path))?.trim();
  if (present) return present;
  const secret = generateToken('console');
  await makePrivateFolder(dataDir);
  await writeWhole(path, `${secret}\n`);
  return secret;
}
