import { parseUntrusted, type Reviver } from '../record/untrusted-json.ts';

const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };

/**
 * JSON.parse whose result JSON.stringify writes as it was: numbers keep the digits they were written with, which JavaScript's would
 * round or shorten. Such a number is not a `number` in the result.
 * @throws SyntaxError, or RangeError for a text nested too deep for the stack
 */
export function parseExactly(text: string): unknown {
  const keepDigits: Reviver = (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? rawJSON(source) : value;
  return parseUntrusted(text, keepDigits);
}
