import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of the package, whether it runs from its sources or built: the nearest above with a package.json. */
export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    const above = dirname(folder);
    if (above === folder) throw new Error(`No package.json above ${import.meta.dirname}.`);
    folder = above;
  }
  return folder;
}
