import { GatewatchError } from '../errors.ts';
import type { AlertQuery } from './port.ts';

/** Longer than any cursor that we give out: an alert's id is a hash. */
const CURSOR_CHARS_MAX = 1024;

/** The last alert of a page: where the next one resumes, whatever was inserted meanwhile. */
export interface Position {
  readonly severity: number;
  readonly time: number;
  readonly id: string;
}

type Sorting = Pick<AlertQuery, 'sort' | 'order'>;

/** An opaque cursor for the page after `position`. */
export function encodeCursor({ sort, order }: Sorting, { severity, time, id }: Position): string {
  return Buffer.from(JSON.stringify([sort, order, severity, time, id])).toString('base64url');
}

/** Reads a cursor back; only the very text that `encodeCursor` wrote for the same sorting is accepted. */
export function decodeCursor(sorting: Sorting, cursor: string): Position {
  const position = cursor.length > CURSOR_CHARS_MAX ? undefined : read(cursor);
  if (position === undefined || encodeCursor(sorting, position) !== cursor) {
    throw new GatewatchError('CURSOR_INVALID', 'The cursor does not belong to this query.', {
      where: 'cursor',
    });
  }
  return position;
}

function read(cursor: string): Position | undefined {
  try {
    const [, , severity, time, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const valid = Number.isSafeInteger(severity) && Number.isSafeInteger(time) && typeof id === 'string';
    return valid ? { severity, time, id } : undefined;
  } catch {
    return undefined;
  }
}
