import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { contentId } from '../record/record.ts';
import { namesBelow } from './files.ts';
import { LISTS_FOLDER } from './lists/read.ts';
import { type RuleSettings, resolved, shippedRules } from './load.ts';

/**
 * What changes with any file that rules, lists, mappings and exceptions are read from, without reading them: their names, sizes, times and places on the disk,
 * those of what links lead to.
 */
export async function fingerprint({
  rules,
  lists = {},
  mappings = [],
  exceptions = [],
}: RuleSettings): Promise<string> {
  const roots = resolved(rules);
  const beside = roots.map((path) => join(dirname(path), LISTS_FOLDER));
  const lines: string[] = [];
  const named = [...Object.values(lists), ...resolved(mappings), ...exceptions];
  for (const path of new Set([shippedRules(), ...roots, ...beside, ...named])) {
    // Of a file, or of what is not there, nothing is below.
    const names = await namesBelow(path).catch(() => []);
    for (const file of [path, ...names.map((name) => join(path, name))])
      lines.push(`${file} ${await stateOf(file)}`);
  }
  return contentId(...lines);
}

async function stateOf(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  return found ? [found.ino, found.size, found.mtimeMs, found.ctimeMs].join() : 'absent';
}
