import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
} from 'yaml';
import { type ErrorCode, GatewatchError } from '../../errors.ts';
import type { Mapping } from './mapping.ts';
import type { Lists, RuleFile, RuleWarning } from './model.ts';

/** Characters of one file of rules. */
export const RULE_FILE_CHARACTERS_MAX = 4_000_000;

/** Where a value stands: keys and list indices from the top of the document. */
export type Place = readonly (string | number)[];

/** Collects what is wrong while reading goes on, so that one run names every fault. */
export interface Sink {
  readonly problems: GatewatchError[];
  readonly warnings: RuleWarning[];
  /** What mappings made of fields. */
  readonly mapped: RuleWarning[];
}

/** What a file does not say itself of what stands in it. */
export interface Surroundings {
  readonly lists: Lists;
  readonly mappings: readonly Mapping[];
}

/** One YAML document of a file of rules, with the line and column of everything in it. */
export class RuleDocument {
  readonly file: string;
  readonly top: Readonly<Record<string, unknown>>;
  /** What its placeholders stand for. */
  readonly lists: Lists;
  /** What its fields are called in events, in the order in which they apply. */
  readonly mappings: readonly Mapping[];
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #text: string;
  readonly #sink: Sink;
  #problems = 0;

  constructor(
    file: RuleFile,
    document: Document.Parsed,
    lines: LineCounter,
    top: Readonly<Record<string, unknown>>,
    { lists, mappings }: Surroundings,
    sink: Sink,
  ) {
    this.file = file.name;
    this.#text = file.text;
    this.#document = document;
    this.#lines = lines;
    this.top = top;
    this.lists = lists;
    this.mappings = mappings;
    this.#sink = sink;
  }

  /** True until something was refused. */
  get sound(): boolean {
    return this.#problems === 0;
  }

  refuse(code: ErrorCode, message: string, place: Place, part: 'key' | 'value' = 'key', offset = 0): void {
    this.#problems++;
    this.#sink.problems.push(new GatewatchError(code, message, { where: this.where(place, part, offset) }));
  }

  warn(rule: string, message: string, where: string): void {
    this.#sink.warnings.push({ rule, where, message });
  }

  noteMapped(rule: string, message: string, where: string): void {
    this.#sink.mapped.push({ rule, where, message });
  }

  /** `file.yml:12:5`: of the key that leads to a value, or of the value; of the nearest thing around it if it is missing. */
  where(place: Place, part: 'key' | 'value' = 'key', offset = 0): string {
    let node: Node | null = this.#document.contents as Node | null;
    let position = startOf(node);
    for (const [index, step] of place.entries()) {
      const [key, value] = stepInto(resolve(node, this.#document), step);
      if (!key && !value) break;
      const last = index === place.length - 1;
      position = startOf(last && part === 'value' ? (value ?? key) : (key ?? value));
      node = value ?? null;
      if (last && part === 'value' && offset > 0) position = this.#inside(value, position, offset);
    }
    return at(this.file, this.#lines, position);
  }

  /** The place of a character of a text, where the file has that text as it is. */
  #inside(node: Node | undefined, position: number, offset: number): number {
    if (!isScalar(node) || typeof node.value !== 'string') return position;
    const begin = position + (node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE' ? 1 : 0);
    return this.#text.startsWith(node.value, begin) ? begin + offset : position;
  }
}

function at(file: string, lines: LineCounter, position: number): string {
  const { line, col } = lines.linePos(position);
  return `${file}:${line}:${col}`;
}

function startOf(node: Node | null | undefined): number {
  return node?.range?.[0] ?? 0;
}

function resolve(node: Node | null, document: Document.Parsed): Node | null {
  return isAlias(node) ? ((node.resolve(document) as Node | undefined) ?? null) : node;
}

function stepInto(node: Node | null, step: string | number): [Node | undefined, Node | undefined] {
  if (isMap(node)) {
    const pair = node.items.find(
      ({ key }) => String(isScalar(key) ? (key.value ?? '') : key) === String(step),
    );
    return [pair?.key as Node | undefined, (pair?.value as Node | null | undefined) ?? undefined];
  }
  if (isSeq(node) && typeof step === 'number') return [undefined, node.items[step] as Node | undefined];
  return [undefined, undefined];
}

/** The documents of a file. What is not YAML, or not a map, is a problem of its own and leaves the other documents alone. */
export function readDocuments(file: RuleFile, surroundings: Surroundings, sink: Sink): RuleDocument[] {
  const lines = new LineCounter();
  const refuse = (code: ErrorCode, message: string, position: number) => {
    sink.problems.push(new GatewatchError(code, message, { where: at(file.name, lines, position) }));
  };
  if (file.text.length > RULE_FILE_CHARACTERS_MAX) {
    sink.problems.push(
      new GatewatchError(
        'RULE_INVALID',
        `The file has ${file.text.length} characters; at most ${RULE_FILE_CHARACTERS_MAX} are read.`,
        { where: `${file.name}:1:1` },
      ),
    );
    return [];
  }
  const documents: RuleDocument[] = [];
  try {
    for (const document of parseAllDocuments(file.text, {
      lineCounter: lines,
      prettyErrors: false,
      merge: true,
    })) {
      if (!('contents' in document)) continue;
      if (document.errors.length > 0) {
        for (const error of document.errors) refuse('RULE_NOT_YAML', error.message, error.pos[0]);
      } else if (isMap(document.contents)) {
        documents.push(new RuleDocument(file, document, lines, document.toJS(), surroundings, sink));
      } else if (
        isCollection(document.contents) ||
        (isScalar(document.contents) && document.contents.value !== null)
      ) {
        refuse('RULE_INVALID', 'Expected a map that begins with "title".', startOf(document.contents));
      }
    }
  } catch (error) {
    // Too deep a nesting, or an alias that multiplies itself.
    refuse('RULE_NOT_YAML', error instanceof Error ? error.message : String(error), 0);
  }
  return documents;
}
