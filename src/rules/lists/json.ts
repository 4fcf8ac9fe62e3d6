import { type Found, ListFault, valueColumn } from './found.ts';

/** An array, or a document a line (Spamhaus DROP). Elements are texts, numbers, or objects that hold the value under a name such as `cidr`. */
export function* readJson(lines: readonly string[]): Generator<Found> {
  const first = lines.findIndex((text) => text.trim() !== '');
  if (first < 0) return;
  if (lines[first]!.trimStart().startsWith('[')) {
    const elements = parse(lines.join('\n'), first + 1) as unknown[];
    for (const element of elements) yield* valuesIn(element, first + 1);
    return;
  }
  for (const [index, text] of lines.entries()) {
    if (text.trim() !== '') yield* valuesIn(parse(text, index + 1), index + 1);
  }
}

function parse(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ListFault(`Not JSON: ${(error as Error).message}`, line);
  }
}

function* valuesIn(element: unknown, line: number): Generator<Found> {
  if (typeof element === 'string' || typeof element === 'number') {
    yield { value: String(element), line };
    return;
  }
  if (typeof element !== 'object' || element === null || Array.isArray(element)) {
    throw new ListFault('Expected an array, or one object a line, of texts or objects', line);
  }
  // The last line of Spamhaus' lists describes the list.
  if ('type' in element && element.type === 'metadata') return;
  const names = Object.keys(element);
  const value = (element as Record<string, unknown>)[names[valueColumn(names)] ?? ''];
  if (typeof value !== 'string') {
    throw new ListFault('An object has no text under "value", "cidr", "ip_address" or the like', line);
  }
  yield { value, line };
}
