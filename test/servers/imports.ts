import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const SHARED = join(import.meta.dirname, 'shared.ts');

/** Whether a test file imports `shared.ts`, by itself or by what it imports. */
export function needsShared(file: string): boolean {
  return reaches(resolve(file), new Set());
}

function reaches(file: string, seen: Set<string>): boolean {
  if (file === SHARED) return true;
  if (seen.has(file)) return false;
  seen.add(file);
  return importsOf(file).some((imported) => reaches(imported, seen));
}

/** Our own modules that a module imports, at its top or later. */
function importsOf(file: string): string[] {
  const named = readFileSync(file, 'utf8').matchAll(/\b(?:from|import) ?\(?'(\.[^']+\.ts)'/g);
  // What only looks like an import, in a text, leads nowhere.
  return Array.from(named, ([, path]) => join(dirname(file), path!)).filter((path) => existsSync(path));
}
