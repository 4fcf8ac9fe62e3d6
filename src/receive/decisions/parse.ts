import { isUtf8 } from 'node:buffer';
import { GatewatchError } from '../../errors.ts';
import { partitionKey, type ReceivedRecord, recordId } from '../../record/record.ts';
import { parseUntrusted } from '../../record/untrusted-json.ts';
import { parseExactly } from '../exact-json.ts';
import type { JsonObject } from '../json.ts';
import { JsonMembers } from '../members.ts';
import type { InputLimits, Origin, Parsed, Rejection } from '../parsed.ts';
import { CredentialMarks, redact } from '../redact.ts';
import { isScalar, JsonScanner, NotJson } from '../scan.ts';
import { contentOf } from './containers.ts';
import type { Engine, Reviewed } from './engine.ts';
import { keptOf } from './kept.ts';

/** Documents around a decision: a span of OTLP in an array is in seven. */
const CONTAINERS_MAX = 8;

const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

/** Takes the decisions of one JSON document of a file. Never throws: what is wrong with it is a rejection. */
export function parseDecisions(
  bytes: Buffer,
  engines: readonly Engine[],
  origin: Origin,
  limits: InputLimits,
  where: string,
): Parsed {
  const cutter = new DecisionCutter(engines, origin, limits);
  try {
    cutter.cut(bytes, where, 0);
  } catch (error) {
    if (!(error instanceof GatewatchError)) throw error;
    cutter.reject(error.code, error.where ?? where, error.message, bytes);
  }
  return cutter.parsed;
}

/** Cuts decisions out of the documents around them. */
export class DecisionCutter {
  readonly parsed: { records: ReceivedRecord[]; rejected: Rejection[] } = { records: [], rejected: [] };
  readonly #engines: readonly Engine[];
  readonly #origin: Origin;
  readonly #limits: InputLimits;
  #documents = 0;

  constructor(engines: readonly Engine[], origin: Origin, limits: InputLimits) {
    this.#engines = engines;
    this.#origin = origin;
    this.#limits = limits;
  }

  /**
   * Takes one document and what it holds.
   * @param containers how many are around it
   * @throws BATCH_TOO_MANY_ITEMS
   */
  cut(bytes: Buffer, where: string, containers: number): void {
    const { batch_items_max, json_depth_max } = this.#limits;
    const scanner = new JsonScanner(bytes, json_depth_max);
    const start = scanner.skipSpace(0);
    if (bytes[start] === OPEN_BRACKET && containers < CONTAINERS_MAX) {
      this.#cutList(bytes, start, scanner, where, containers);
      return;
    }
    if (++this.#documents > batch_items_max) {
      throw new GatewatchError('BATCH_TOO_MANY_ITEMS', `More than ${batch_items_max} documents.`, {
        where: where || 'body',
      });
    }
    try {
      this.#cutObject(bytes, start, scanner, where, containers);
    } catch (error) {
      if (!(error instanceof GatewatchError) || error.code === 'BATCH_TOO_MANY_ITEMS') throw error;
      this.reject(error.code, where, error.message, bytes);
    }
  }

  #cutList(bytes: Buffer, start: number, scanner: JsonScanner, where: string, containers: number): void {
    let taken = start;
    try {
      scanner.elements(start, (from, index) => {
        taken = scanner.skipValue(from);
        this.cut(bytes.subarray(from, taken), `${where}[${index}]`, containers + 1);
        return taken;
      });
    } catch (error) {
      if (!(error instanceof NotJson)) throw error;
      this.reject('ITEM_NOT_JSON', where, `Not JSON: ${error.message}.`, bytes.subarray(taken));
    }
  }

  #cutObject(bytes: Buffer, start: number, scanner: JsonScanner, where: string, containers: number): void {
    if (bytes[start] !== OPEN_BRACE) {
      const isJson =
        bytes[start] === QUOTE || bytes[start] === OPEN_BRACKET || isScalar(bytes.subarray(start));
      throw isJson
        ? new GatewatchError('ITEM_NOT_OBJECT', 'Expected a JSON object.')
        : new GatewatchError('ITEM_NOT_JSON', 'Not JSON.');
    }
    const members = new JsonMembers(bytes, start, scanner);
    if (!members.whole) throw new GatewatchError('ITEM_NOT_JSON', 'Not JSON, or cut off.');
    const engines = this.#engines.filter((engine) => engine.mayTell(members));
    if (engines.length > 0) {
      this.#check(bytes, scanner);
      this.#take(bytes, engines);
      return;
    }
    const content = containers < CONTAINERS_MAX ? contentOf(members) : undefined;
    if (!content) return;
    const inner = where === '' ? content.name : `${where}.${content.name}`;
    this.cut(content.bytes, inner, containers + 1);
  }

  #check(bytes: Buffer, { tooDeep }: JsonScanner): void {
    const { item_bytes_max, json_depth_max } = this.#limits;
    if (bytes.length > item_bytes_max) {
      throw new GatewatchError('ITEM_TOO_LARGE', `${bytes.length} bytes, at most ${item_bytes_max}.`);
    }
    if (tooDeep) {
      throw new GatewatchError('ITEM_TOO_DEEP', `Nested deeper than ${json_depth_max} levels.`);
    }
    if (!isUtf8(bytes)) throw new GatewatchError('ITEM_NOT_UTF8', 'The bytes are not valid UTF-8.');
  }

  #take(bytes: Buffer, engines: readonly Engine[]): void {
    try {
      const document = parseUntrusted(bytes.toString()) as JsonObject;
      for (const engine of engines) {
        const reviewed = engine.reviewed(document);
        if (reviewed) {
          this.parsed.records.push(this.#record(bytes, document, engine, reviewed));
          return;
        }
      }
    } catch (cause) {
      if (cause instanceof RangeError) {
        throw new GatewatchError('ITEM_TOO_DEEP', 'Nested too deep to look for credentials in it.', {
          cause,
        });
      }
      // The message of JSON.parse quotes the text, and that may be a credential.
      if (cause instanceof SyntaxError) throw new GatewatchError('ITEM_NOT_JSON', 'Not JSON.', { cause });
      throw cause;
    }
  }

  #record(bytes: Buffer, document: JsonObject, engine: Engine, reviewed: Reviewed): ReceivedRecord {
    const { cluster, receivedMs } = this.#origin;
    const { resource, namespace } = reviewed;
    const record = {
      kind: `${engine.name}.decision`,
      cluster,
      key: partitionKey(cluster, namespace),
      id: recordId(cluster, bytes),
      receivedMs,
      bodies: [],
    } as const;
    const isSuspect = new CredentialMarks(bytes).suspects(resource, 0, bytes.length);
    if (!isSuspect && engine.redact(document, resource).length === 0)
      return { ...record, bytes, redacted: [] };
    const exact = parseExactly(bytes.toString()) as JsonObject;
    const redacted = [...engine.redact(exact, resource), ...redact(exact, resource)];
    return { ...record, bytes: redacted.length > 0 ? Buffer.from(JSON.stringify(exact)) : bytes, redacted };
  }

  /** Puts what cannot be taken among the rejections, without what may hold a credential. */
  reject(code: Rejection['code'], where: string, what: string, bytes: Buffer): void {
    const kept = keptOf(bytes).subarray(0, this.#limits.item_bytes_max);
    this.parsed.rejected.push({ code, where: where || 'body', what, bytes: kept });
  }
}
