import type { MessagePort } from 'node:worker_threads';
import { GatewatchError } from '../errors.ts';
import type { EncodedBatch } from './framing.ts';
import type { Topic } from './port.ts';
import type { AppendReply, AppendRequest } from './remote.ts';

/** A log that takes what another thread has encoded. */
export interface EncodedAppender {
  /** As `Log.append`, of what `encodeBatches` made. */
  appendEncoded(topic: Topic, batches: readonly EncodedBatch[]): Promise<void>;
}

/** Stores what a `RemoteLog` at the other end of `port` appends, and answers each append once it is stored or has failed. */
export function serveAppends(port: MessagePort, log: EncodedAppender): void {
  port.on('message', ({ id, topic, batches }: AppendRequest) => {
    const reply = (answer: AppendReply) => port.postMessage(answer);
    log.appendEncoded(topic, batches).then(
      () => reply({ id }),
      (error: Error) => {
        const code = error instanceof GatewatchError ? error.code : 'INTERNAL';
        const where = error instanceof GatewatchError ? error.where : undefined;
        reply({ id, error: { code, message: error.message, where } });
      },
    );
  });
}
