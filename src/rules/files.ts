import { readdir } from 'node:fs/promises';
import { sep } from 'node:path';

/**
 * Everything below a folder, by its path relative to it, in order. What begins with a dot is passed over: files that editors work on, and
 * the folders behind the links of a mounted ConfigMap, whose files would be there several times.
 * @throws what the system says of the folder
 */
export async function namesBelow(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => !name.split(sep).some((part) => part.startsWith('.'))).sort();
}
