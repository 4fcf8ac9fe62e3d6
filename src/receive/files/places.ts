import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const place = z.object({ inode: z.number(), position: z.int().min(0), mark: z.string() });
const places = z.array(place);

/** How far a file has been taken: the bytes before `position` of the file with this inode are in the log. */
export type Place = z.output<typeof place>;

/** The places of one followed file and of those rotated away from its name, kept in the data folder. */
export class Places {
  readonly #folder: string;
  readonly #file: string;

  constructor(dataDir: string, cluster: string, path: string) {
    const name = createHash('sha256').update(`${cluster}\0${path}`).digest('hex').slice(0, 24);
    this.#folder = join(dataDir, 'followed');
    this.#file = join(this.#folder, `${name}.json`);
  }

  /** None if there is no file, or none that can be read: then everything is taken again, which changes nothing. */
  async read(): Promise<readonly Place[]> {
    try {
      return places.parse(JSON.parse(await readFile(this.#file, 'utf8')));
    } catch {
      return [];
    }
  }

  async write(all: readonly Place[]): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const temporary = `${this.#file}.new`;
    await writeFile(temporary, JSON.stringify(all));
    await rename(temporary, this.#file);
  }
}
