import { GatewatchError } from '../../errors.ts';
import type { InputLimits, Origin, Parsed } from '../parsed.ts';
import { isScalar, JsonScanner, NotJson } from '../scan.ts';
import type { Engine } from './engine.ts';
import { DecisionCutter } from './parse.ts';

const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const NEWLINE = 0x0a;

/**
 * Takes the decisions that the body of a request tells: one JSON document, an array of them, or JSON lines. What tells none is passed
 * over; what cannot be read is a rejection.
 * @throws BODY_NOT_JSON, BODY_NOT_DECISIONS, BATCH_TOO_MANY_ITEMS: then nothing of the body was taken
 */
export function parseDecisionBody(body: Buffer, engine: Engine, origin: Origin, limits: InputLimits): Parsed {
  const cutter = new DecisionCutter([engine], origin, limits);
  const scanner = new JsonScanner(body, limits.json_depth_max);
  const start = scanner.skipSpace(0);
  const unfit = firstUnfit(scanner, body, start);
  if (unfit === undefined) {
    if (body[start] !== OPEN_BRACE && body[start] !== OPEN_BRACKET) {
      const value = body.subarray(start, scanner.skipValue(start));
      if (value[0] !== QUOTE && !isScalar(value)) throw notJson(start);
      const what = 'Expected a JSON object, an array of them, or one a line.';
      throw new GatewatchError('BODY_NOT_DECISIONS', what, { where: 'body' });
    }
    cutter.cut(body.subarray(start), '', 0);
    return cutter.parsed;
  }
  const lines = linesOf(body, limits);
  if (!lines.some(({ bytes }) => isWholeObject(bytes, limits))) throw notJson(unfit);
  for (const { bytes, number } of lines) cutter.cut(bytes, `line ${number}`, 0);
  return cutter.parsed;
}

function notJson(at: number): GatewatchError {
  return new GatewatchError('BODY_NOT_JSON', `The body is not JSON: byte ${at} does not fit.`, {
    where: `byte ${at}`,
  });
}

/** @returns the first byte that does not fit a body of one value; undefined if it is one, as far as its first level tells */
function firstUnfit(scanner: JsonScanner, body: Buffer, start: number): number | undefined {
  try {
    const end = scanner.skipSpace(endOf(scanner, body[start], start));
    return end === body.length ? undefined : end;
  } catch (error) {
    if (error instanceof NotJson) return error.at;
    throw error;
  }
}

function endOf(scanner: JsonScanner, first: number | undefined, start: number): number {
  if (first === OPEN_BRACE) return scanner.members(start, () => {});
  return first === OPEN_BRACKET
    ? scanner.elements(start, (from) => scanner.skipValue(from))
    : scanner.skipValue(start);
}

interface Line {
  readonly bytes: Buffer;
  readonly number: number;
}

function isWholeObject(line: Buffer, { json_depth_max }: InputLimits): boolean {
  const scanner = new JsonScanner(line, json_depth_max);
  const start = scanner.skipSpace(0);
  return line[start] === OPEN_BRACE && firstUnfit(scanner, line, start) === undefined;
}

/** The lines that hold anything, with their numbers. */
function linesOf(body: Buffer, { batch_items_max, json_depth_max }: InputLimits): Line[] {
  const lines: Line[] = [];
  for (let from = 0, number = 1; from < body.length; number++) {
    const newline = body.indexOf(NEWLINE, from);
    const end = newline < 0 ? body.length : newline;
    const bytes = body.subarray(from, end);
    from = end + 1;
    if (new JsonScanner(bytes, json_depth_max).skipSpace(0) === bytes.length) continue;
    if (lines.length === batch_items_max) {
      throw new GatewatchError('BATCH_TOO_MANY_ITEMS', `More than ${batch_items_max} lines.`, {
        where: 'body',
      });
    }
    lines.push({ bytes, number });
  }
  return lines;
}
