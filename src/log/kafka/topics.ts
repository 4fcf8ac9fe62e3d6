import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin, type KafkaJSAggregateError } from 'kafkajs';
import { GatewatchError } from '../../errors.ts';
import { COMPACTED, TOPICS, type Topic } from '../port.ts';
import { isOfType, kafkaError } from './errors.ts';

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
  const compacted = { ...common, 'cleanup.policy': 'compact' };
  const own: Partial<Record<Topic, Record<string, string>>> = {
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
    settings: own[topic] ?? (COMPACTED.has(topic) ? compacted : kept),
  }));
}

/**
 * Compares the topics with what is asked for.
 * @throws TOPIC_PARTITIONS_DIFFER, KAFKA_*
 */
export async function planTopics(admin: Admin, options: TopicOptions): Promise<TopicChange[]> {
  const changes: TopicChange[] = [];
  // One at a time, because the brokers' refusals do not say what they are about.
  for (const spec of topicSpecs(options)) {
    try {
      changes.push(...(await planTopic(admin, spec)));
    } catch (error) {
      throw kafkaError(error, 'The topic could not be read', spec.name);
    }
  }
  return changes;
}

async function planTopic(admin: Admin, spec: TopicSpec): Promise<TopicChange[]> {
  const { name, partitions } = spec;
  const found = await partitionsOf(admin, name);
  if (found === undefined) return [{ kind: 'create', spec }];
  if (found !== partitions) {
    throw new GatewatchError('TOPIC_PARTITIONS_DIFFER', `It has ${found} partitions, not ${partitions}.`, {
      where: name,
    });
  }
  const present = await settingsOf(admin, name);
  return Object.entries(spec.settings).flatMap(([name, to]): TopicChange[] => {
    const from = present.get(name)?.value ?? '';
    return from === to ? [] : [{ kind: 'alter', spec, name, from, to }];
  });
}

/** How many partitions a topic has; undefined if there is no such topic. */
async function partitionsOf(admin: Admin, name: string): Promise<number | undefined> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [name] });
    return topics[0]?.partitions.length;
  } catch (error) {
    if (isOfType(error, 'UNKNOWN_TOPIC_OR_PARTITION')) return undefined;
    throw error;
  }
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
    throw notCreated(cause);
  }
  await ready(admin, missing);
}

/** What the brokers say of a topic that they do not create. */
interface Refusal extends Error {
  readonly topic: string;
  readonly type: string;
  readonly retriable: boolean;
}

function notCreated(cause: unknown): GatewatchError {
  const refusals = ((cause as KafkaJSAggregateError).errors ?? []) as Refusal[];
  const first = refusals.find(({ type }) => type !== 'TOPIC_ALREADY_EXISTS');
  const error = kafkaError(first ?? cause, 'The topic could not be created', first?.topic);
  if (!first || first.retriable || error.code !== 'LOG_UNAVAILABLE') return error;
  return new GatewatchError('TOPIC_NOT_CREATED', error.message, { where: first.topic, cause });
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
  for (const [topic, settings] of Map.groupBy(altered, ({ spec }) => spec.name)) {
    try {
      await alterTopic(admin, topic, settings);
    } catch (error) {
      throw kafkaError(error, 'The settings of the topic could not be changed', topic);
    }
  }
}

async function alterTopic(
  admin: Admin,
  topic: string,
  settings: readonly { readonly name: string; readonly to: string }[],
): Promise<void> {
  // The request replaces all of a topic's own settings.
  const own = [...(await settingsOf(admin, topic))].filter(([, { own }]) => own);
  const all = new Map(own.map(([name, { value }]) => [name, value]));
  for (const { name, to } of settings) all.set(name, to);
  const configEntries = Array.from(all, ([name, value]) => ({ name, value }));
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }],
  });
}

interface TopicSetting {
  readonly value: string;
  /** Set for this topic, not a default. */
  readonly own: boolean;
}

/** `ConfigSource` of the Kafka protocol for what was set for the topic itself. */
const DYNAMIC_TOPIC_CONFIG = 1;

async function settingsOf(admin: Admin, topic: string): Promise<Map<string, TopicSetting>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
  });
  return new Map(
    resources[0]?.configEntries.map((entry) => {
      const { configName, configValue, configSource } = entry as typeof entry & { configSource: number };
      return [configName, { value: configValue, own: configSource === DYNAMIC_TOPIC_CONFIG }];
    }),
  );
}
