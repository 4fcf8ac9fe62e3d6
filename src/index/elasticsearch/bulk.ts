import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@elastic/elasticsearch';
import { GatewatchError } from '../../errors.ts';
import { type Failure, failureCode, hasStatus, reasonOf, storeError } from './store-error.ts';

/** Documents in one bulk request, whatever their size. */
const DOCUMENTS_MAX = 1000;

/** Pauses before what Elasticsearch had no room for is sent again, milliseconds. Who called tries on after that, with longer ones. */
const PAUSES_MS = [100, 300, 900];

/** One document to write. */
export interface Write {
  readonly index: string;
  readonly id: string;
  /** JSON. */
  readonly document: string;
  /** The version of the stored document that this one replaces; without it none may be stored. */
  readonly replaces?: { readonly if_seq_no: number; readonly if_primary_term: number } | undefined;
}

/** What became of a write: `conflict` if another document is stored than the write says; an error if it will never be taken. */
export type Written = 'stored' | 'conflict' | GatewatchError;

export interface BulkOptions {
  readonly bulk_bytes_max: number;
  /** Whether what is written can be found at once, which is slow. */
  readonly refresh?: boolean | undefined;
  /** Whether to write to data streams only. */
  readonly requireDataStream?: boolean | undefined;
}

/** A write as the two lines of a bulk request. */
interface Lines {
  readonly lines: readonly [action: string, document: string];
  readonly bytes: number;
}

/**
 * Writes documents by bulk requests of bounded size, and says of each what became of it. The client's own bulk helper is not used: it does
 * not split a request that is too large for the server, drops documents for which a shard is not there yet, and tells of a document through
 * callbacks that lose its place.
 * @throws STORE_* except `STORE_REFUSED_DOCUMENT` if a request fails, or if a document cannot be taken now: what was stored is not known
 */
export class BulkWriter {
  readonly #client: Client;
  readonly #options: BulkOptions;

  constructor(client: Client, options: BulkOptions) {
    this.#client = client;
    this.#options = options;
  }

  /**
   * @param writes taken as they are needed, so that not all of them need to be in memory
   * @returns for each write, in their order, what became of it
   */
  async write(writes: Iterable<Write>): Promise<Written[]> {
    const written: Written[] = [];
    for (const part of this.#parts(writes)) written.push(...(await this.#writePart(part)));
    return written;
  }

  *#parts(writes: Iterable<Write>): Iterable<Lines[]> {
    let part: Lines[] = [];
    let bytes = 0;
    for (const write of writes) {
      const next = linesOf(write);
      if (
        part.length === DOCUMENTS_MAX ||
        (part.length > 0 && bytes + next.bytes > this.#options.bulk_bytes_max)
      ) {
        yield part;
        part = [];
        bytes = 0;
      }
      part.push(next);
      bytes += next.bytes;
    }
    if (part.length > 0) yield part;
  }

  /** Sends again what there was no room for, a few times. */
  async #writePart(part: readonly Lines[]): Promise<Written[]> {
    const written = new Map<Lines, Written>();
    for (let attempt = 0; ; attempt++) {
      const open = part.filter((each) => !written.has(each));
      let problem: GatewatchError | undefined;
      for (const [each, result] of await this.#send(open)) {
        if (result instanceof GatewatchError && result.code !== 'STORE_REFUSED_DOCUMENT') problem ??= result;
        else written.set(each, result);
      }
      if (problem === undefined) return part.map((each) => written.get(each)!);
      const pause = PAUSES_MS[attempt];
      if (problem.code !== 'STORE_UNAVAILABLE' || pause === undefined) throw problem;
      await sleep(pause);
    }
  }

  async #send(part: readonly Lines[]): Promise<[Lines, Written][]> {
    try {
      const { items } = await this.#client.bulk<string>({
        operations: part.flatMap(({ lines }) => lines),
        refresh: this.#options.refresh ?? false,
        require_data_stream: this.#options.requireDataStream ?? false,
        filter_path: ['items.*.status', 'items.*.error'],
      });
      return items.map((item, at) => {
        const { status, error } = Object.values(item)[0]!;
        return [part[at]!, resultOf(status, error)];
      });
    } catch (error) {
      if (hasStatus(error, 413)) return this.#sendHalves(part);
      const problem = storeError(error);
      // Rejected as a whole, for lack of memory or room in the queue: as if each document had been.
      if (hasStatus(error, 429)) return part.map((each) => [each, problem]);
      throw problem;
    }
  }

  /** A proxy, or `http.max_content_length`, may allow less than `bulk_bytes_max`. */
  async #sendHalves(part: readonly Lines[]): Promise<[Lines, Written][]> {
    if (part.length === 1) {
      const what = `The document of ${part[0]!.bytes} bytes is larger than Elasticsearch takes.`;
      return [[part[0]!, new GatewatchError('STORE_REFUSED_DOCUMENT', what)]];
    }
    const half = part.length >> 1;
    return [...(await this.#send(part.slice(0, half))), ...(await this.#send(part.slice(half)))];
  }
}

function linesOf({ index, id, document, replaces }: Write): Lines {
  const target = { _index: index, _id: id };
  const action = JSON.stringify(replaces ? { index: { ...target, ...replaces } } : { create: target });
  return { lines: [action, document], bytes: action.length + Buffer.byteLength(document) + 2 };
}

function resultOf(status: number, error: Failure | undefined): Written {
  if (error === undefined) return 'stored';
  if (status === 409) return 'conflict';
  const code = failureCode(status, error);
  // What is wrong and neither ours to mend nor time's is wrong with the document.
  if (code === 'INTERNAL') return new GatewatchError('STORE_REFUSED_DOCUMENT', reasonOf(error));
  return new GatewatchError(code, `Elasticsearch does not take a document: ${reasonOf(error)}`);
}
