import type { Config } from '../../config/schema.ts';
import { recordFromEntry } from '../../log/codec.ts';
import type { SourceFile } from '../../receive/files/read.ts';
import type { Parsed } from '../../receive/parsed.ts';
import { openToLook, pagesOf } from '../log-access.ts';
import { progressBar } from '../progress.ts';
import { readFiles } from '../reading.ts';

/** Where recorded events are read from, as often as it is asked. */
export interface Source {
  /** For people: `3 files`. */
  readonly name: string;
  read(): AsyncIterable<Parsed>;
}

/** @param cluster the one that the events belong to */
export function filesSource(files: readonly SourceFile[], cluster: string, config: Config): Source {
  return {
    name: `${files.length} files`,
    read: () => readFiles(files, cluster, config.receive),
  };
}

/** The topic `records` of the log of the configuration. @param cluster only the records of this one, if it is given */
export function logSource(config: Config, cluster: string | undefined): Source {
  return {
    name: 'the log',
    async *read() {
      const log = await openToLook(config);
      const bar = progressBar('{bar} {percentage}% of the log');
      try {
        bar?.start(
          (await log.ends('records')).reduce((sum, end) => sum + end, 0),
          0,
        );
        for await (const page of pagesOf(log, 'records')) {
          bar?.increment(page.length);
          const records = page.map(recordFromEntry);
          const wanted = records.filter((record) => cluster === undefined || record.cluster === cluster);
          yield { records: wanted, rejected: [] };
        }
      } finally {
        bar?.stop();
        await log.close();
      }
    },
  };
}
