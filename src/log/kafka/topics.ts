import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { GatewatchError } from '../../errors.ts';
import { TOPICS, type Topic } from '../port.ts';
import { kafkaError } from './errors.ts';

const { ConfigResourceTypes } = kafkajs;

/** How topics are to be; keys of the configuration. */
export interface TopicOptions {
  readonly prefix: string;
  readonly partitions: number;
  readonly replication_factor: number;
  readonly min_insync_replicas: number;
  readonly message_bytes_max: number;
  readonly dead_letters_bytes_max: number;
  readonly retention_hours: number;
}

/** A topic as it is to be. */
export interface TopicSpec {
  readonly topic: Topic;
  readonly name: string;
  readonly partitions: number;
  readonly settings: Readonly<Record<string, string>>;
}

/** What has to be done for one topic. */
export type TopicChange =
  | { readonly kind: 'create'; readonly spec: TopicSpec }
  | {
      readonly kind: 'alter';
      readonly spec: TopicSpec;
      readonly name: string;
      readonly from: string;
      readonly to: string;
    };

/** Settings without which events would be lost or refused; the others may be an administrator's own. */
const VITAL = new Set(['cleanup.policy', 'max.message.bytes']);

/** Every topic as the options ask for it. Dead letters have one partition, so that each has a number of its own. */
export function topicSpecs(options: TopicOptions): TopicSpec[] {
  const common = {
    'max.message.bytes': String(options.message_bytes_max),
    'min.insync.replicas': String(options.min_insync_replicas),
  };
  const kept = {
    ...common,
    'cleanup.policy': 'delete',
    'retention.ms': String(Math.round(options.retention_hours * 3_600_000)),
  };
  const own: Partial<Record<Topic, Record<string, string>>> = {
    namespaces: { ...common, 'cleanup.policy': 'compact' },
    'dead-letters': {
      ...kept,
      'retention.ms': '-1',
      'retention.bytes': String(options.dead_letters_bytes_max),
    },
  };
  return TOPICS.map((topic) => ({
    topic,
    name: options.prefix + topic,
    partitions: topic === 'dead-letters' ? 1 : options.partitions,
    settings: own[topic] ?? kept,
  }));
}

/**
 * Compares the topics with what is asked for.
 * @throws TOPIC_PARTITIONS_DIFFER, KAFKA_*
 */
export async function planTopics(admin: Admin, options: TopicOptions): Promise<TopicChange[]> {
  const specs = topicSpecs(options);
  const present = new Set(await admin.listTopics());
  const known = specs.filter(({ name }) => present.has(name));
  const settings = await settingsOf(
    admin,
    known.map(({ name }) => name),
  );
  const { topics } = await admin.fetchTopicMetadata({ topics: known.map(({ name }) => name) });
  for (const { name, partitions } of known) {
    const found = topics.find((topic) => topic.name === name)?.partitions.length;
    if (found === partitions) continue;
    throw new GatewatchError('TOPIC_PARTITIONS_DIFFER', `It has ${found} partitions, not ${partitions}.`, {
      where: name,
    });
  }
  return specs.flatMap((spec): TopicChange[] => {
    if (!present.has(spec.name)) return [{ kind: 'create', spec }];
    return Object.entries(spec.settings).flatMap(([name, to]) => {
      const from = settings.get(spec.name)?.get(name)?.value ?? '';
      return from === to ? [] : [{ kind: 'alter', spec, name, from, to }];
    });
  });
}

/**
 * Refuses topics that are missing or would lose events.
 * @throws TOPIC_MISSING, TOPIC_SETTINGS_DIFFER
 */
export function refuse(changes: readonly TopicChange[]): void {
  for (const change of changes) {
    const where = change.spec.name;
    if (change.kind === 'create')
      throw new GatewatchError('TOPIC_MISSING', 'There is no such topic.', { where });
    const { name, from, to } = change;
    const enough = name === 'max.message.bytes' && Number(from) >= Number(to);
    if (!VITAL.has(name) || enough) continue;
    throw new GatewatchError('TOPIC_SETTINGS_DIFFER', `${name} is ${from}, not ${to}.`, { where });
  }
}

/**
 * Creates what is missing, and waits until it can be used.
 * @throws TOPIC_NOT_CREATED, KAFKA_*
 */
export async function createTopics(
  admin: Admin,
  changes: readonly TopicChange[],
  options: TopicOptions,
): Promise<void> {
  const missing = changes.flatMap(({ kind, spec }) => (kind === 'create' ? [spec] : []));
  if (missing.length === 0) return;
  const topics = missing.map(({ name, partitions, settings }) => ({
    topic: name,
    numPartitions: partitions,
    replicationFactor: options.replication_factor,
    configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
  }));
  try {
    // Resolves too when another process was faster.
    await admin.createTopics({ topics, waitForLeaders: false });
  } catch (cause) {
    const error = kafkaError(cause, 'The topic could not be created');
    if (error.code !== 'LOG_UNAVAILABLE') throw error;
    const [first] = (cause as { errors?: { topic?: string }[] }).errors ?? [];
    throw new GatewatchError('TOPIC_NOT_CREATED', error.message, {
      where: first?.topic ?? options.prefix,
      cause,
    });
  }
  await ready(admin, missing);
}

/** How long a broker may take to know a topic that another one has created, milliseconds. */
const READY_MS_MAX = 15_000;
const POLL_MS = 50;

async function ready(admin: Admin, specs: readonly TopicSpec[]): Promise<void> {
  const end = performance.now() + READY_MS_MAX;
  for (;;) {
    try {
      // A broker may be named as leader before it knows that it is: only an answer from it tells.
      for (const { name } of specs) await admin.fetchTopicOffsets(name);
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await sleep(POLL_MS);
  }
}

/** Changes the settings that differ, and leaves all others of the topic as somebody set them. */
export async function alterTopics(admin: Admin, changes: readonly TopicChange[]): Promise<void> {
  const altered = changes.filter((change) => change.kind === 'alter');
  const names = [...new Set(altered.map(({ spec }) => spec.name))];
  const present = await settingsOf(admin, names);
  for (const topic of names) {
    // The request replaces all of a topic's own settings.
    const own = [...(present.get(topic) ?? [])].filter(([, { own }]) => own);
    const settings = new Map(own.map(([name, { value }]) => [name, value]));
    for (const { spec, name, to } of altered) if (spec.name === topic) settings.set(name, to);
    const configEntries = [...settings].map(([name, value]) => ({ name, value }));
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }],
    });
  }
}

interface TopicSetting {
  readonly value: string;
  /** Set for this topic, not a default. */
  readonly own: boolean;
}

/** `ConfigSource` of the Kafka protocol for what was set for the topic itself. */
const DYNAMIC_TOPIC_CONFIG = 1;

async function settingsOf(
  admin: Admin,
  topics: readonly string[],
): Promise<Map<string, Map<string, TopicSetting>>> {
  if (topics.length === 0) return new Map();
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
  });
  return new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      new Map(
        configEntries.map((entry) => {
          const { configName, configValue, configSource } = entry as typeof entry & { configSource: number };
          return [configName, { value: configValue, own: configSource === DYNAMIC_TOPIC_CONFIG }];
        }),
      ),
    ]),
  );
}
