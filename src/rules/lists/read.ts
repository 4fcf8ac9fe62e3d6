import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative } from 'node:path';
import type { Lists } from '../../detect/sigma/model.ts';
import { GatewatchError } from '../../errors.ts';
import { namesBelow } from '../files.ts';
import { readCsv } from './csv.ts';
import { type Found, ListFault } from './found.ts';
import { readJson } from './json.ts';
import { LIST_BYTES_MAX, LIST_VALUE_CHARACTERS_MAX, LIST_VALUES_MAX } from './limits.ts';
import { readLines } from './lines.ts';

/** Name of the folders whose files are lists. */
export const LISTS_FOLDER = 'lists';

/** What a placeholder can be called: `%name%`. */
const NAME = /^\w{1,100}$/;

type Format = (lines: readonly string[]) => Iterable<Found>;

/** How a file is read, by the end of its name. */
const FORMATS: ReadonlyMap<string, Format> = new Map([
  ['.txt', readLines],
  ['.netset', readLines],
  ['.ipset', readLines],
  ['.csv', readCsv],
  ['.json', readJson],
]);

/**
 * Reads the lists for placeholders: the files of every folder `lists` below the rule folders, or beside a rule file, then
 * those that are named. A later one takes the place of one of the same name.
 * @param paths files and folders of rules, in the order that they count
 * @param named paths of list files by the name of the list
 * @throws FILE_UNREADABLE, LIST_INVALID
 */
export async function readLists(
  paths: readonly string[],
  named: Readonly<Record<string, string>>,
): Promise<Lists> {
  const files = new Map<string, string>();
  for (const path of paths) {
    for (const [name, file] of await listFiles(path)) files.set(name, file);
  }
  for (const [name, file] of Object.entries(named)) files.set(name, file);
  const lists = new Map<string, readonly string[]>();
  for (const [name, file] of files) lists.set(name, await readList(file));
  return lists;
}

/** The list files that belong to a path of rules, by name. */
async function listFiles(path: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const info = await stat(path).catch(unreadable(path));
  const root = info.isDirectory() ? path : join(dirname(path), LISTS_FOLDER);
  const names = await namesBelow(root).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    return unreadable(root)(error);
  });
  for (const file of names.map((name) => join(root, name))) {
    const format = extname(file);
    if (basename(dirname(file)) !== LISTS_FOLDER || !FORMATS.has(format)) continue;
    const name = basename(file, format);
    const other = files.get(name);
    if (!NAME.test(name))
      throw fault(file, `"${name}" cannot stand in a placeholder: only letters, digits and "_" can`);
    if (other !== undefined) throw fault(file, `The list "${name}" is also in ${other}`);
    files.set(name, file);
  }
  return files;
}

/**
 * The values of one file, without repeats, in the order of the file.
 * @throws FILE_UNREADABLE, LIST_INVALID
 */
async function readList(path: string): Promise<string[]> {
  const format = FORMATS.get(extname(path));
  if (!format) throw fault(path, `The name of a list ends in ${[...FORMATS.keys()].join(', ')}`);
  const { size } = await stat(path).catch(unreadable(path));
  if (size > LIST_BYTES_MAX)
    throw fault(path, `The list has ${size} bytes; at most ${LIST_BYTES_MAX} are read`);
  const text = await readFile(path, 'utf8').catch(unreadable(path));
  const values = new Set<string>();
  try {
    for (const { value, line } of format(text.replace(/^\ufeff/, '').split(/\r\n|\n/))) {
      if (value.length > LIST_VALUE_CHARACTERS_MAX)
        throw new ListFault(`A value is longer than ${LIST_VALUE_CHARACTERS_MAX} characters`, line);
      values.add(value);
      if (values.size > LIST_VALUES_MAX)
        throw new ListFault(`The list has more than ${LIST_VALUES_MAX} values`, line);
    }
  } catch (error) {
    if (!(error instanceof ListFault)) throw error;
    throw fault(path, error.message, error.line);
  }
  return [...values];
}

function fault(path: string, message: string, line = 1): GatewatchError {
  return new GatewatchError('LIST_INVALID', `${message}.`, { where: `${relative('.', path)}:${line}` });
}

function unreadable(path: string): (cause: unknown) => never {
  return (cause) => {
    throw new GatewatchError('FILE_UNREADABLE', `${(cause as Error).message}.`, { where: path, cause });
  };
}
