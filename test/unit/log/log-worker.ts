import { type MessagePort, workerData } from 'node:worker_threads';
import { EmbeddedLog } from '../../../src/log/embedded/log.ts';
import { serveAppends } from '../../../src/log/host.ts';

// The other thread of `remote.test.ts`.

const { path, port, bytesMax } = workerData as { path: string; port: MessagePort; bytesMax: number };
const log = new EmbeddedLog(path, { bytesMax, groups: { records: ['detect'] } });
serveAppends(port, log);
port.on('close', () => log.close());
