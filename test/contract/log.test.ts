import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedLog } from '../../src/log/embedded/log.ts';
import { kafkaStorage } from './kafka-storage.ts';
import { logContract } from './log.ts';

logContract('embedded', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-log-'));
  return {
    open: async () => new EmbeddedLog(join(folder, 'gatewatch.db')),
    remove: () => rm(folder, { recursive: true }),
  };
});

logContract('kafka', kafkaStorage);
