/** One line of a file, without its end. */
export interface Line {
  readonly bytes: Buffer;
  /** 1 for the first line. */
  readonly number: number;
  /** Position in the file after the line and its end. */
  readonly end: number;
}

const NEWLINE = 0x0a;

/**
 * Splits a stream of bytes into lines. A line longer than `bytesMax` is given cut, once, and the rest of it passed over, so that a file
 * without line ends cannot fill the memory.
 */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  bytesMax: number,
  lastLine: 'take' | 'leave' = 'take',
): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let held = 0;
  let number = 1;
  let position = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      if (held <= bytesMax) parts.push(chunk.subarray(from, at));
      yield { bytes: join(parts, bytesMax), number: number++, end: position + at + 1 };
      parts = [];
      held = 0;
      from = at + 1;
    }
    if (from < chunk.length && held <= bytesMax) parts.push(chunk.subarray(from));
    held += chunk.length - from;
    position += chunk.length;
  }
  if (held > 0 && lastLine === 'take') yield { bytes: join(parts, bytesMax), number, end: position };
}

/** One byte more than the limit is kept, so that who parses the line can tell that it is too long. */
function join(parts: readonly Buffer[], bytesMax: number): Buffer {
  const line = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  return line.subarray(0, bytesMax + 1);
}
