import { type FileLimits, readFile, type SourceFile } from '../receive/files/read.ts';
import type { Parsed } from '../receive/parsed.ts';
import { progressBar } from './progress.ts';

/**
 * Reads files one after the other, and shows on a terminal how much of them has been read.
 * @throws FILE_UNREADABLE
 */
export async function* readFiles(
  files: readonly SourceFile[],
  cluster: string,
  limits: FileLimits,
): AsyncGenerator<Parsed> {
  const bar = progressBar('{bar} {percentage}% {file}');
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  bar?.start(bytes, 0, { file: '' });
  try {
    for (const { path } of files) {
      const origin = { cluster, receivedMs: Date.now() };
      const progress = (read: number) => bar?.increment(read, { file: path });
      yield* readFile(path, origin, limits, progress);
    }
  } finally {
    bar?.stop();
  }
}
