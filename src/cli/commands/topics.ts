import type { Command } from 'commander';
import type { Config } from '../../config/schema.ts';
import { GatewatchError } from '../../errors.ts';
import { AdminConnection } from '../../log/kafka/admin.ts';
import { kafkaClient } from '../../log/kafka/client.ts';
import {
  alterTopics,
  createTopics,
  planTopics,
  type TopicChange,
  topicSpecs,
} from '../../log/kafka/topics.ts';
import { addConfigOptions, type ConfigOptions, configFrom } from '../config-options.ts';

interface ApplyOptions extends ConfigOptions {
  readonly dryRun?: true;
}

/** Adds `gatewatch topics apply`. */
export function addTopicsCommand(program: Command): void {
  const command = program.command('topics').description('the topics on Kafka');
  addConfigOptions(command.command('apply'))
    .description('create missing topics, and set retention, compaction and limits of all as configured')
    .option('--dry-run', 'print what would be done, and do nothing')
    .action((options: ApplyOptions) => apply(options));
}

async function apply(options: ApplyOptions): Promise<void> {
  const config = configFrom(options);
  if (config.kafka.brokers.length === 0) {
    throw new GatewatchError('USAGE_INVALID', 'The log is the embedded one: there are no topics.', {
      where: 'kafka.brokers',
    });
  }
  const topics = optionsOf(config);
  const admin = new AdminConnection(kafkaClient(config.kafka));
  try {
    await admin.use('The topics could not be set up', async (connected) => {
      const changes = await planTopics(connected, topics);
      for (const line of linesOf(changes)) print(line);
      if (options.dryRun) return;
      await createTopics(connected, changes, topics);
      await alterTopics(connected, changes);
    });
    const done = options.dryRun ? 'Nothing was changed (--dry-run).' : 'The topics are as configured.';
    print(`${topicSpecs(topics).length} topics. ${done}`);
  } finally {
    await admin.close();
  }
}

function optionsOf({ kafka, log }: Config) {
  return { ...kafka, retention_hours: log.retention_hours };
}

function linesOf(changes: readonly TopicChange[]): string[] {
  return changes.map((change) => {
    const { name, partitions, settings } = change.spec;
    if (change.kind === 'alter') return `change ${name}: ${change.name} from ${change.from} to ${change.to}`;
    const all = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
    return `create ${name}: ${partitions} ${partitions === 1 ? 'partition' : 'partitions'}, ${all.join(', ')}`;
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
