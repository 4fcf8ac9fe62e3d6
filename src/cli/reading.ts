import { SingleBar } from 'cli-progress';
import type { SourceFile } from '../receive/files/read.ts';

/** Shows on a terminal how much of some files has been read. */
export class ReadingProgress {
  readonly #bar = process.stderr.isTTY
    ? new SingleBar({ format: '{bar} {percentage}% {file}', stream: process.stderr })
    : undefined;

  constructor(files: readonly SourceFile[]) {
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    this.#bar?.start(bytes, 0, { file: '' });
  }

  read(file: string, bytes: number): void {
    this.#bar?.increment(bytes, { file });
  }

  stop(): void {
    this.#bar?.stop();
  }
}
