import { readFileSync } from 'node:fs';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { ConfigError, type ConfigFault } from './fault.ts';
import { formatPath, keyAt } from './keys.ts';

type Path = readonly PropertyKey[];
export type Values = Record<string, unknown>;

/** One source of settings: a file, one variable or one flag. A later layer overrides an earlier one. */
export interface Layer {
  readonly values: Values;
  /** Where the layer says what stands at the path; for a key unknown to the schema, where the key itself stands. */
  where(path: Path): string;
}

/** A setting from outside a file, its value still text. */
export interface Setting {
  readonly path: readonly string[];
  readonly text: string;
  /** How the person would recognise it: `--set http.port`, `GATEWATCH_HTTP__PORT`. */
  readonly origin: string;
}

/** Keys that name a part of every JavaScript object: no setting has such a name, and an object must never be given one. */
const HOSTILE = new Set(['__proto__', 'constructor', 'prototype']);

/** Whether a value is a mapping, so that settings below it can be merged one by one. */
export function isValues(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads a YAML file.
 * @throws ConfigError CONFIG_UNREADABLE with every fault of syntax.
 */
export function fileLayer(file: string, faults: ConfigFault[]): Layer {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError('CONFIG_UNREADABLE', [{ where: file, message: `${reason(cause)}.` }], cause);
  }
  const lines = new LineCounter();
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const { value, contents, errors } = parse(text, lines);
  if (errors.length > 0) {
    throw new ConfigError(
      'CONFIG_UNREADABLE',
      errors.map(({ offset, message }) => ({ where: offset === undefined ? file : at(offset), message })),
    );
  }
  const where = (path: Path): string => at(offsetOf(contents, path));
  if (value !== null && !isValues(value)) {
    faults.push({ where: where([]), message: 'a configuration is a mapping of keys to values' });
    return { values: {}, where };
  }
  return { values: cleaned(value ?? {}, [], where, faults), where };
}

/** Turns one variable or flag into a layer. Text is taken literally where the key holds text, and is read as YAML elsewhere. */
export function settingLayer({ path, text, origin }: Setting, faults: ConfigFault[]): Layer {
  const where = () => origin;
  const none = { values: {}, where };
  if (path.some((part) => HOSTILE.has(part) || part === '')) {
    faults.push({ where: origin, message: `unknown key ${formatPath(path)}` });
    return none;
  }
  let value: unknown = text;
  if (keyAt(path)?.type !== 'string') {
    const parsed = parse(text, new LineCounter());
    if (parsed.errors.length > 0) {
      for (const { message } of parsed.errors) faults.push({ where: origin, message });
      return none;
    }
    value = isValues(parsed.value) ? cleaned(parsed.value, path, where, faults) : parsed.value;
  }
  return { values: path.reduceRight<unknown>((inner, part) => ({ [part]: inner }), value) as Values, where };
}

/** A copy without hostile keys, which are faults, and without keys that have no value, which count as absent. */
function cleaned(values: Values, above: Path, where: Layer['where'], faults: ConfigFault[]): Values {
  const clean = (value: unknown, path: Path): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => clean(item, [...path, index]));
    if (!isValues(value)) return value;
    const copy: Values = {};
    for (const [key, inner] of Object.entries(value)) {
      const innerPath = [...path, key];
      if (HOSTILE.has(key)) {
        faults.push({ where: where(innerPath), message: `unknown key ${formatPath(innerPath)}` });
      } else if (inner !== null) copy[key] = clean(inner, innerPath);
    }
    return copy;
  };
  return clean(values, above) as Values;
}

interface Parsed {
  readonly value: unknown;
  readonly contents: Node | null;
  readonly errors: readonly { readonly offset?: number; readonly message: string }[];
}

function parse(text: string, lineCounter: LineCounter): Parsed {
  try {
    const document = parseDocument(text, { lineCounter, prettyErrors: false });
    const errors = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
      offset: pos[0],
      message,
    }));
    return { value: errors.length > 0 ? null : document.toJS(), contents: document.contents, errors };
  } catch (error) {
    // Nesting deep enough to exhaust the stack, or aliases that expand without end.
    return { value: null, contents: null, errors: [{ message: `not readable as YAML: ${reason(error)}` }] };
  }
}

/** Offset of the value at a path, or of the key where the schema has no such key, or of the nearest thing above. */
function offsetOf(contents: Node | null, path: Path): number {
  let node: unknown = contents;
  let offset = contents?.range?.[0] ?? 0;
  for (const [index, part] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (!pair) break;
      const known = keyAt(path.slice(0, index + 1)) !== undefined;
      offset = start(known ? pair.value : pair.key) ?? start(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof part === 'number') {
      node = node.items[part];
      offset = start(node) ?? offset;
    } else break;
  }
  return offset;
}

function start(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
