import { existsSync } from 'node:fs';
import { openLog, usesKafka } from '../app.ts';
import type { Config } from '../config/schema.ts';
import { GatewatchError } from '../errors.ts';
import type { DeliveredEntry, Log, Topic } from '../log/port.ts';
import { databaseFile } from '../serve/data-dir.ts';

export type OpenLog = Awaited<ReturnType<typeof openLog>>;

/**
 * Opens the log of the configuration for a command that looks at it.
 * @throws FILE_UNREADABLE if there is none yet; DATABASE_*, KAFKA_*, TOPIC_*
 */
export async function openToLook(config: Config): Promise<OpenLog> {
  const file = databaseFile(config.data_dir);
  if (!usesKafka(config) && !existsSync(file)) {
    throw new GatewatchError('FILE_UNREADABLE', 'There is no database yet: gatewatch serve makes it.', {
      where: file,
    });
  }
  // Who looks makes no topics.
  return openLog({ ...config, kafka: { ...config.kafka, create_topics: false } }, file);
}

/** Opens the log as `openToLook` does, and closes it when the action is done. */
export async function withLog(config: Config, action: (log: OpenLog) => Promise<void>): Promise<void> {
  const log = await openToLook(config);
  try {
    await action(log);
  } finally {
    await log.close();
  }
}

/** Entries read at a time. */
const PAGE = 500;

/** The entries of a topic as it is now, page by page, one partition after the other. */
export async function* pagesOf(log: Log, topic: Topic): AsyncGenerator<DeliveredEntry[]> {
  // What is added meanwhile is not read.
  for (const [partition, end] of (await log.ends(topic)).entries()) {
    for (let from = 0; from < end; ) {
      const entries = await log.read(topic, from, PAGE, partition);
      if (entries.length === 0) break;
      yield entries.filter(({ offset }) => offset < end);
      from = entries.at(-1)!.offset + 1;
    }
  }
}
