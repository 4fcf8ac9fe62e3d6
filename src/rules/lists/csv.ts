import { type Found, ListFault, valueColumn } from './found.ts';

/** One cell and what ends it: quoted, with quotation marks inside doubled, or up to the next comma. */
const CELL = /\s*(?:"((?:[^"]|"")*)"\s*|([^",]*))(,|$)/y;

/**
 * Values separated by commas, as abuse.ch publishes them. A header, which may be the last comment, says which column is
 * meant; without one it is the first.
 */
export function* readCsv(lines: readonly string[]): Generator<Found> {
  let column: number | undefined;
  let comment = '';
  for (const [index, text] of lines.entries()) {
    if (text.trim() === '') continue;
    if (text.startsWith('#')) {
      comment = text.slice(1);
      continue;
    }
    const row = cells(text, index + 1);
    if (column === undefined) {
      const own = valueColumn(row);
      column = own >= 0 ? own : Math.max(valueColumn(comment.split(',')), 0);
      if (own >= 0) continue;
    }
    const value = row[column];
    if (value === undefined) throw new ListFault(`Expected at least ${column + 1} columns`, index + 1);
    if (value !== '') yield { value, line: index + 1 };
  }
}

function cells(text: string, line: number): string[] {
  const row: string[] = [];
  CELL.lastIndex = 0;
  for (let end = ','; end === ','; ) {
    const cell = CELL.exec(text);
    if (!cell) throw new ListFault('A quotation mark is not closed', line);
    row.push(cell[1]?.replaceAll('""', '"') ?? cell[2]!.trim());
    end = cell[3]!;
  }
  return row;
}
