import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a sender needs to know of a server; it may be another one at each attempt. */
export interface Target {
  readonly url: string;
}

export interface SenderOptions {
  readonly cluster: string;
  readonly token: string;
  /** The server of the moment; undefined while there is none. */
  readonly target: () => Target | undefined;
  /** Batches on their way at one time. */
  readonly connections: number;
  /** Bodies that are sent only when all such bodies before them have been acknowledged. */
  readonly inOrder?: (body: Buffer) => boolean;
  /** Told before each attempt and after each acknowledgement. */
  readonly attempted?: () => void;
  readonly acknowledged?: (body: Buffer) => void;
  /** Waited for before each body, so that the load is steady; absent: as fast as it goes. */
  readonly paceMs?: number;
  /** Ends the sending, with whatever has not been acknowledged left unsent. */
  readonly signal?: AbortSignal;
}

/** Pause before a batch is sent again, milliseconds. The API server's is 10 s; nothing depends on it. */
const RETRY_MS = 20;

/**
 * Sends bodies as an API server does: in order, several at a time, the same bytes again until they are acknowledged. As with an
 * API server a batch that has to be sent again is overtaken by those that follow.
 */
export async function send(bodies: readonly Buffer[], options: SenderOptions): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  const queue = bodies.values();
  let before: Promise<void> = Promise.resolve();
  const connection = async (): Promise<void> => {
    for (const body of queue) {
      if (options.paceMs) await sleep(options.paceMs);
      if (options.signal?.aborted) return;
      const turn = before;
      const { promise, resolve: done } = Promise.withResolvers<void>();
      if (options.inOrder?.(body)) {
        before = promise;
        await turn;
      }
      while (!(await attempt(body, agent, options))) {
        if (options.signal?.aborted) return done();
        await sleep(RETRY_MS);
      }
      options.acknowledged?.(body);
      done();
    }
  };
  await Promise.all(Array.from({ length: options.connections }, connection));
  agent.destroy();
}

/** @returns whether it was acknowledged; any error or refusal counts as not */
function attempt(body: Buffer, agent: Agent, options: SenderOptions): Promise<boolean> {
  const target = options.target();
  if (!target) return Promise.resolve(false);
  options.attempted?.();
  return new Promise((resolve) => {
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${options.token}` };
    const url = `${target.url}/v1/audit/${options.cluster}?timeout=30s`;
    const sent = request(url, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      // Acknowledged is what an answer that arrived whole says.
      answer.on('close', () => resolve(answer.complete && answer.statusCode === 200));
      answer.on('error', () => resolve(false));
    });
    sent.on('error', () => resolve(false));
    sent.end(body);
  });
}
