import type { MessagePort } from 'node:worker_threads';
import { type ErrorCode, GatewatchError } from '../errors.ts';
import { type EncodedBatch, encodeBatches } from './framing.ts';
import type { LogAppender, LogEntry, Topic } from './port.ts';

/** What `RemoteLog` sends to `serveAppends`. */
export interface AppendRequest {
  readonly id: number;
  readonly topic: Topic;
  readonly batches: readonly EncodedBatch[];
}

/** What comes back. An error's class does not survive the way between threads, so its parts travel. */
export interface AppendReply {
  readonly id: number;
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly where: string | undefined };
}

interface InFlight {
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: GatewatchError) => void;
}

/**
 * Appends to a log on another thread (`serveAppends`). Entries are copied once, here, into the form in which they are
 * stored; that copy is handed over, so the caller keeps its own memory.
 */
export class RemoteLog implements LogAppender {
  readonly #port: MessagePort;
  readonly #bytesMax: number;
  readonly #inFlight = new Map<number, InFlight>();
  #bytes = 0;
  #nextId = 0;
  #closed = false;

  /** Above `inFlightBytesMax` bytes not yet stored, `append` rejects with `OVERLOADED`; one larger append goes through alone. */
  constructor(port: MessagePort, inFlightBytesMax: number) {
    this.#port = port;
    this.#bytesMax = inFlightBytesMax;
    port.on('message', (reply: AppendReply) => this.#settle(reply));
    // Also when the other thread ends, however it ends.
    port.on('close', () => this.#abandon());
  }

  async append(topic: Topic, entries: readonly LogEntry[]): Promise<void> {
    if (this.#closed) throw goneError();
    const batches = encodeBatches(entries);
    if (batches.length === 0) return;
    const bytes = batches.reduce((sum, { data }) => sum + data.length, 0);
    if (this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax) {
      const what = `${this.#bytes} bytes are on their way to the log, of ${this.#bytesMax} at most.`;
      throw new GatewatchError('OVERLOADED', what);
    }
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const request: AppendRequest = { id, topic, batches };
      this.#port.postMessage(
        request,
        batches.map(({ data }) => data.buffer),
      );
      this.#bytes += bytes;
      this.#inFlight.set(id, { bytes, resolve, reject });
    });
  }

  /** Closes the port. Await your appends first: those still in flight reject, and may have been stored. */
  close(): void {
    this.#port.close();
    this.#abandon();
  }

  #settle({ id, error }: AppendReply): void {
    const append = this.#inFlight.get(id);
    if (append === undefined) return;
    this.#inFlight.delete(id);
    this.#bytes -= append.bytes;
    if (error === undefined) append.resolve();
    else {
      const where = error.where === undefined ? {} : { where: error.where };
      append.reject(new GatewatchError(error.code, error.message, where));
    }
  }

  #abandon(): void {
    this.#closed = true;
    for (const { reject } of this.#inFlight.values()) reject(goneError());
    this.#inFlight.clear();
    this.#bytes = 0;
  }
}

function goneError(): GatewatchError {
  return new GatewatchError('LOG_UNAVAILABLE', "The log's thread has ended.");
}
