import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from 'kafkajs';
import { configSchema, type Role } from '../../src/config/schema.ts';
import { tokenDigest } from '../../src/credentials/tokens.ts';
import { AdminConnection } from '../../src/log/kafka/admin.ts';
import { kafkaClient } from '../../src/log/kafka/client.ts';
import { COMPRESSION } from '../../src/log/kafka/codecs.ts';
import { KafkaLog, type KafkaLogOptions } from '../../src/log/kafka/log.ts';
import { GatewatchProcess, type Listening, startRoles } from '../chaos/served.ts';
import { removeShared, sharedElasticsearch, sharedKafka } from '../servers/shared.ts';
import { type Benchmark, type Measurement, race, rates } from './measure.ts';
import { Poster } from './poster.ts';
import { attackedLines, recordedLines } from './recording.ts';

/** Items a batch, the API server's default maximum. */
const BATCH = 400;

/** Requests in flight at a time. */
const CONNECTIONS = 8;

/** Single events posted to measure how long each takes to become an alert. */
const PROBES = 200;

const TOKEN = 'gw_audit_bench';
const STAGES: readonly Role[] = ['detect', 'correlate', 'index'];

/** Gatewatch's roles in processes of their own, on the Kafka and Elasticsearch that the tests use, with topics of their own. */
class Deployment {
  readonly processes = new Map<Role, Listening>();
  readonly log: KafkaLogOptions;
  readonly namespace = `bench_${randomUUID().replaceAll('-', '')}`;
  readonly #folder = mkdtempSync(join(tmpdir(), 'gatewatch-bench-'));
  readonly #settings: object;

  private constructor(brokers: readonly string[], elasticsearch: string, clusters: readonly string[]) {
    this.#settings = {
      kafka: {
        brokers,
        prefix: `bench-${randomUUID()}.`,
        replication_factor: 1,
        min_insync_replicas: 1,
        partitions: 6,
      },
      elasticsearch: { nodes: [elasticsearch], namespace: this.namespace },
      clusters: clusters.map((name) => ({ name, audit_token_sha256: [tokenDigest(TOKEN)] })),
      logging: { level: 'error' },
    };
    const { kafka, log } = configSchema.parse(this.#settings);
    this.log = { ...kafka, retention_hours: log.retention_hours };
  }

  static async start(roles: readonly Role[], clusters: readonly string[]): Promise<Deployment> {
    const [brokers, elasticsearch] = await Promise.all([sharedKafka(), sharedElasticsearch()]);
    const deployment = new Deployment(brokers, elasticsearch, clusters);
    const configFile = join(deployment.#folder, 'gatewatch.yaml');
    writeFileSync(configFile, JSON.stringify(deployment.#settings));
    for (const role of roles) {
      const set = { roles: `[${role}]`, 'https.enabled': 'false' };
      const dataDir = join(deployment.#folder, role);
      deployment.processes.set(role, await startRoles({ dataDir, configFile, set }));
    }
    return deployment;
  }

  auditUrl(cluster: string): string {
    return `${this.processes.get('receive')!.url}/v1/audit/${cluster}`;
  }

  /** Resolves when every stage has processed what is in its topic. */
  async drained(): Promise<void> {
    const admin = new AdminConnection(kafkaClient(this.log));
    const topics = { detect: 'records', correlate: 'signals', index: 'alerts' };
    for (const [group, topic] of Object.entries(topics)) {
      for (let behind = true; behind; await sleep(20)) {
        const name = this.log.prefix + topic;
        const [extents, committed] = [
          await admin.extents(name),
          await admin.committed(this.log.prefix + group, name),
        ];
        behind = [...extents].some(
          ([partition, { low, high }]) => (committed.get(partition)?.offset ?? low) < high,
        );
      }
    }
    await admin.close();
  }

  async end(): Promise<void> {
    await Promise.all(Array.from(this.processes.values(), ({ process }) => process.kill()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function bodiesOf(lines: readonly string[]): Buffer[] {
  const bodies: Buffer[] = [];
  for (let at = 0; at < lines.length; at += BATCH) bodies.push(eventList(lines.slice(at, at + BATCH)));
  return bodies;
}

function eventList(items: readonly string[]): Buffer {
  return Buffer.from(
    `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${items.join(',')}]}`,
  );
}

/** The receiver over HTTP with Kafka, every batch acknowledged by the broker before its answer, beside the library's own producer. */
export const receiveKafka: Benchmark = {
  name: 'receive.kafka',
  async run() {
    const { lines, source } = recordedLines();
    const deployment = await Deployment.start(['receive'], ['bench']);
    const bodies = bodiesOf(lines);
    const poster = await Poster.start({
      url: deployment.auditUrl('bench'),
      token: TOKEN,
      connections: CONNECTIONS,
      bodies,
    });
    const producer = kafkaClient(deployment.log).producer({
      idempotent: true,
      allowAutoTopicCreation: false,
    });
    await producer.connect();
    const topic = `${deployment.log.prefix}records`;
    try {
      await poster.post();
      const messages = await storedMessages(deployment);
      const seconds = await race(
        () => poster.post(),
        async () => {
          const starts = Array.from(
            { length: Math.ceil(messages.length / BATCH) },
            (_, batch) => batch * BATCH,
          ).values();
          const sender = async (): Promise<void> => {
            for (const at of starts) {
              const some = messages.slice(at, at + BATCH);
              await producer.send({ topic, messages: some, acks: -1, compression: COMPRESSION.lz4 });
            }
          };
          await Promise.all(Array.from({ length: CONNECTIONS }, sender));
        },
      );
      const bytes = bodies.reduce((sum, body) => sum + body.length, 0);
      const note = `${source}, batches of ${BATCH}, ${CONNECTIONS} requests at a time, acks=all, lz4`;
      return rates(lines.length, bytes, seconds, 'bare kafkajs producer', note);
    } finally {
      await poster.end();
      await producer.disconnect();
      await deployment.end();
      await removeShared();
    }
  },
};

/** What the receiver has stored, to be sent again as it is: the same keys, values and headers. */
async function storedMessages({ log: options }: Deployment): Promise<Message[]> {
  const log = await KafkaLog.open(options);
  const messages: Message[] = [];
  const consumer = await log.consume('records', 'bench', {
    async process({ entries }) {
      for (const { key, value, headers } of entries) messages.push({ key, value, headers: { ...headers } });
      return undefined;
    },
  });
  await consumer.drained();
  await log.close();
  return messages;
}

/** From the first batch posted to the last alert in Elasticsearch, a process a role, beside `replay` of the same events in one process. */
export const endToEnd: Benchmark = {
  name: 'end-to-end',
  async run() {
    const { lines, source } = attackedLines();
    const clusters = ['warm', 'bench'];
    const deployment = await Deployment.start(['receive', ...STAGES], clusters);
    const bodies = bodiesOf(lines);
    try {
      const seconds = { run: 0, baseline: await replaySeconds(lines) };
      for (const cluster of clusters) {
        const poster = await Poster.start({
          url: deployment.auditUrl(cluster),
          token: TOKEN,
          connections: CONNECTIONS,
          bodies,
        });
        const start = performance.now();
        await poster.post();
        await deployment.drained();
        seconds.run = (performance.now() - start) / 1000;
        await poster.end();
      }
      const bytes = bodies.reduce((sum, body) => sum + body.length, 0);
      const note = `${source}; second of two runs; replay with its start-up`;
      return [
        ...rates(lines.length, bytes, seconds, 'replay', note),
        ...latencies(await alertLatencies(deployment, lines), await brokerLatencies(deployment)),
        ...memories(deployment),
      ];
    } finally {
      await cleanUp(deployment);
    }
  },
};

async function cleanUp(deployment: Deployment): Promise<void> {
  await deployment.end();
  await removeShared();
}

async function replaySeconds(lines: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'gatewatch-bench-'));
  const file = join(folder, 'events.ndjson');
  writeFileSync(file, lines.join('\n'));
  const start = performance.now();
  await new GatewatchProcess(['replay', file, '--cluster', 'bench', '--format', 'ndjson']).ended;
  rmSync(folder, { recursive: true });
  return (performance.now() - start) / 1000;
}

/** Milliseconds from the answer to a batch of one event until its alert is read from the topic. */
async function alertLatencies(deployment: Deployment, lines: readonly string[]): Promise<number[]> {
  const probe = lines.map((line) => JSON.parse(line)).find(isDeniedPod);
  const log = await KafkaLog.open(deployment.log);
  const seen = new Map<string, number>();
  const consumer = await log.consume('alerts', 'bench', {
    async process({ entries }) {
      const now = performance.now();
      for (const { value } of entries) {
        const user = JSON.parse(value.toString()).user?.name;
        if (user && !seen.has(user)) seen.set(user, now);
      }
      return undefined;
    },
  });
  await consumer.drained();
  const found: number[] = [];
  for (let at = 0; at < PROBES; at++) {
    const user = `probe-${at}`;
    const body = eventList([
      JSON.stringify({ ...probe, auditID: randomUUID(), user: { ...probe.user, username: user } }),
    ]);
    const answer = await fetch(deployment.auditUrl('bench'), {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body,
    });
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
    const acknowledged = performance.now();
    while (!seen.has(user)) await sleep(1);
    found.push(Math.max(0, seen.get(user)! - acknowledged));
  }
  await log.close();
  return found;
}

function isDeniedPod(event: {
  responseStatus?: { code?: number };
  objectRef?: { resource?: string };
  verb?: string;
  stage?: string;
}): boolean {
  const { responseStatus, objectRef, verb, stage } = event;
  return (
    responseStatus?.code === 403 &&
    objectRef?.resource === 'pods' &&
    verb === 'create' &&
    stage === 'ResponseComplete' &&
    JSON.stringify(event).includes('violates PodSecurity')
  );
}

/** Milliseconds that one entry takes through the broker alone, appended and consumed. */
async function brokerLatencies(deployment: Deployment): Promise<number[]> {
  const log = await KafkaLog.open(deployment.log);
  let arrived = (): void => {};
  const consumer = await log.consume('dead-letters', 'bench', {
    async process() {
      arrived();
      return undefined;
    },
  });
  await consumer.drained();
  const found: number[] = [];
  for (let at = 0; at < PROBES; at++) {
    const delivered = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    await log.append('dead-letters', [{ key: 'bench', value: Buffer.alloc(1000), headers: {} }]);
    const acknowledged = performance.now();
    await delivered;
    found.push(performance.now() - acknowledged);
  }
  await log.close();
  return found;
}

function latencies(alert: number[], broker: number[]): Measurement[] {
  return [0.5, 0.99].map((quantile) => ({
    value: at(alert, quantile),
    unit: `ms from acknowledgement to the alert in its topic, p${quantile * 100}`,
    baseline: at(broker, quantile),
    baselineName: 'an entry through the broker alone',
    note: `${PROBES} denied pods one after the other; three topics lie between`,
  }));
}

function at(values: number[], quantile: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Number(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))]!.toFixed(1));
}

function memories({ processes }: Deployment): Measurement[] {
  const idle = Math.round(process.memoryUsage.rss() / 1e6);
  return Array.from(processes, ([role, { process }]) => ({
    value: Math.round(residentBytes(process.child.pid!) / 1e6),
    unit: `MB resident, ${role}`,
    baseline: idle,
    baselineName: 'this benchmark itself',
    note: 'after the runs above',
  }));
}

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * 1024;
}
