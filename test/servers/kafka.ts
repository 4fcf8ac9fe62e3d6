import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cached } from './cache.ts';
import { container, pull } from './docker.ts';
import { local, localEnvironment } from './local.ts';
import { KAFKA_FOLDER, kafkaJars } from './maven.ts';
import { freePort } from './ports.ts';
import { type Home, type How, launch, Server } from './server.ts';
import { findRuntime } from './tools.ts';
import { KAFKA } from './versions.ts';

export interface KafkaOptions {
  /**
   * Server properties, over those of the tests. Clients come by the listener `CLIENT`, so what concerns its security is
   * `listener.security.protocol.map` (`CLIENT:SASL_SSL,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT`) and `listener.name.client.*`.
   */
  readonly properties?: Readonly<Record<string, string>>;
  /** SCRAM users to begin with, as `kafka-storage format --add-scram` takes them; not with Docker. */
  readonly scram?: readonly string[];
}

/** A Kafka of one node. */
export class KafkaServer extends Server {
  /** As clients are configured with. */
  get brokers(): readonly string[] {
    return [this.address];
  }
}

/** Starts a Kafka for the test that calls, and only for it. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const runtime = await findRuntime('Kafka', cached(KAFKA_FOLDER) !== undefined);
  const jars = runtime === 'docker' ? undefined : await kafkaJars();
  return launch(async (home) => {
    const how =
      runtime === 'docker'
        ? await inContainer(home, options)
        : await onJava(join(runtime.java, 'bin', 'java'), jars!, home, options);
    const address = `127.0.0.1:${home.port}`;
    return new KafkaServer(home, { name: `Kafka ${KAFKA.version}`, address, isReady, ...how });
  });
}

async function onJava(
  java: string,
  jars: string,
  { keeper, folder, port }: Home,
  { properties = {}, scram = [] }: KafkaOptions,
): Promise<How> {
  const settings = {
    ...defaults('127.0.0.1', port, await freePort(), await freePort()),
    'log.dirs': join(folder, 'data'),
    ...properties,
  };
  const file = join(folder, 'server.properties');
  writeFileSync(file, propertiesText(settings));
  const run = (main: string, ...args: string[]) => ({
    argv: [java, ...JVM_OPTIONS, `-Djava.io.tmpdir=${folder}`, '-cp', join(jars, '*'), main, ...args],
    env: localEnvironment,
  });
  const users = scram.flatMap((user) => ['--add-scram', user]);
  const identified = ['--cluster-id', clusterId(), '--config', file];
  await keeper.complete({
    ...run('kafka.tools.StorageTool', 'format', ...identified, ...users),
    log: join(folder, 'format.log'),
  });
  return { command: run('kafka.Kafka', file), ...local, pid: (group) => group };
}

async function inContainer({ keeper, folder, port }: Home, { properties = {} }: KafkaOptions): Promise<How> {
  await pull(keeper, join(folder, 'pull.log'), KAFKA.image);
  const data = '/var/lib/kafka/data';
  // Ports that are the container's own need not be free on this machine.
  const settings = { ...defaults('0.0.0.0', port, port + 1, port + 2), 'log.dirs': data, ...properties };
  const env = Object.entries(settings).map(([key, value]) => [
    `KAFKA_${key.toUpperCase().replaceAll('_', '__').replaceAll('-', '___').replaceAll('.', '_')}`,
    value,
  ]);
  return container({
    name: basename(folder),
    image: KAFKA.image,
    port,
    data,
    env: { ...Object.fromEntries(env), CLUSTER_ID: clusterId(), KAFKA_HEAP_OPTS: '-Xmx512m' },
  });
}

const JVM_OPTIONS = [
  '-Xmx512m',
  // A start in half the time; nothing that the tests run lasts long enough for the slower compiler to pay.
  '-XX:TieredStopAtLevel=1',
  // No files of the JVM outside of the keeper's folder.
  '-XX:-UsePerfData',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
];

/** @param host that the client's listener is bound to */
function defaults(
  host: string,
  port: number,
  brokerPort: number,
  controllerPort: number,
): Record<string, string> {
  return {
    'node.id': '1',
    'process.roles': 'broker,controller',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    // A listener of its own for what the broker says to itself, so that the client's may ask for credentials.
    listeners: `CLIENT://${host}:${port},BROKER://127.0.0.1:${brokerPort},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `CLIENT://127.0.0.1:${port},BROKER://127.0.0.1:${brokerPort}`,
    'listener.security.protocol.map': 'CLIENT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'BROKER',
    'controller.listener.names': 'CONTROLLER',
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    'offsets.topic.num.partitions': '5',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '5',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // A broker that was killed is back in seconds: its old session must end before it may begin another.
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '300',
  };
}

function isReady(log: string): boolean {
  return log.includes('Kafka Server started');
}

function clusterId(): string {
  // A first character of our choice: with a hyphen it would be taken for an option.
  return `A${randomBytes(16).toString('base64url').slice(1)}`;
}

function propertiesText(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`)
    .join('');
}
