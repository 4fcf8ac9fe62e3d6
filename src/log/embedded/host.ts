import type { MessagePort } from 'node:worker_threads';
import { GatewatchError } from '../../errors.ts';
import type { EmbeddedLog } from './log.ts';
import type { AppendReply, AppendRequest } from './remote.ts';

/** Stores what a `RemoteLog` at the other end of `port` appends, and answers each append once it is stored or has failed. */
export function serveAppends(port: MessagePort, log: EmbeddedLog): void {
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
