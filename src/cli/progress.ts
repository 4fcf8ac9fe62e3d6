import { SingleBar } from 'cli-progress';

/** A bar on stderr for long work; none where stderr is not a terminal. @param format what cli-progress fills in */
export function progressBar(format: string): SingleBar | undefined {
  return process.stderr.isTTY ? new SingleBar({ format, stream: process.stderr }) : undefined;
}
