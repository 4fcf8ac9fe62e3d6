import { parentPort, workerData } from 'node:worker_threads';
import { GatewatchError } from '../../errors.ts';
import { openDatabase } from '../../log/embedded/database.ts';
import type { ReaderReply, ReaderRequest } from './reader-thread.ts';
import { EmbeddedAlertStore } from './store.ts';

/** The thread that `ReaderThread` asks. */
const port = parentPort!;
const database = openDatabase(workerData as string, { readOnly: true });
const store = new EmbeddedAlertStore(database, { readOnly: true });

port.on('message', async (request: ReaderRequest | 'close') => {
  if (request === 'close') {
    database.close();
    port.close();
    return;
  }
  port.postMessage(await answer(request));
});

async function answer({ id, method, args }: ReaderRequest): Promise<ReaderReply> {
  try {
    const result = await (store[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args);
    return { id, result };
  } catch (error) {
    const known = error instanceof GatewatchError;
    const code = known ? error.code : 'INTERNAL';
    return { id, error: { code, message: (error as Error).message, where: known ? error.where : undefined } };
  }
}
