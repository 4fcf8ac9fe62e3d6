import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@elastic/elasticsearch';
import { configSchema, type Role } from '../../src/config/schema.ts';
import { tokenDigest } from '../../src/credentials/tokens.ts';
import { ElasticsearchAlertStore } from '../../src/index/elasticsearch/store.ts';
import { recordFromEntry } from '../../src/log/codec.ts';
import { AdminConnection } from '../../src/log/kafka/admin.ts';
import { kafkaClient } from '../../src/log/kafka/client.ts';
import { KafkaLog, type KafkaLogOptions } from '../../src/log/kafka/log.ts';
import type { Alert } from '../../src/record/alert.ts';
import { type ElasticsearchServer, startElasticsearch } from '../servers/elasticsearch.ts';
import { type KafkaServer, startKafka } from '../servers/kafka.ts';
import { assertSame, factsOf } from './facts.ts';
import { idsOf, type Load, recordedLoad, teaches, timeOf } from './load.ts';
import { ElasticsearchProxy } from './proxy.ts';
import type { Random } from './random.ts';
import { send } from './sender.ts';
import { GatewatchProcess, type Listening, startRoles } from './served.ts';

/** The processes that run, but for those that a fault adds or takes away. */
const PROCESSES: readonly Role[] = ['receive', 'detect', 'detect', 'correlate', 'correlate', 'index'];

const TOKEN = 'gw_audit_chaos';
const CONNECTIONS = 4;

/** Share of the batches that are sent a second time. */
const TWICE = 0.2;

/** How late a batch may come: within correlate.lateness_seconds, with the time that a batch itself spans. */
const LATE_MS_MAX = 200_000;

/** Pause between two faults, milliseconds. */
const CALM_MS_MAX = 6_000;

/** Longest wait for everything to have gone through once the faults are over, milliseconds. */
const DRAIN_MS_MAX = 300_000;

export interface ChaosOptions {
  readonly random: Random;
  /** Faults go on for as long, minutes; then everything is left to settle. */
  readonly minutes: number;
  /** How long a server that is stopped stays away, milliseconds. */
  readonly awayMs: number;
  readonly say: (line: string) => void;
}

/** What came of it; equal alerts are asserted. */
export interface ChaosResult {
  readonly faults: Readonly<Record<string, number>>;
  readonly sent: number;
  readonly acknowledged: number;
  /** Records in the topic, and how many of them are repetitions. */
  readonly records: number;
  readonly repeated: number;
  readonly alerts: number;
  readonly duplicates: number;
  readonly lost: number;
}

/**
 * Sends the recorded batches over HTTP, round after round, each as another cluster, through Gatewatch's roles on a Kafka and an
 * Elasticsearch of its own, while processes and servers are killed, stopped, slowed down, added and removed. Afterwards the alerts in
 * Elasticsearch must be those of an undisturbed `replay`.
 * @throws AssertionError
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-scale-out-'));
  const [kafka, elasticsearch] = await Promise.all([startKafka(), startElasticsearch()]);
  const proxy = await ElasticsearchProxy.start(elasticsearch.url);
  const fleet = new Fleet(folder);
  try {
    return await new Chaos(options, { folder, kafka, elasticsearch, proxy, fleet }).run();
  } finally {
    await fleet.end();
    proxy.close();
    await Promise.all([kafka.remove(), elasticsearch.remove(), rm(folder, { recursive: true })]);
  }
}

/** The processes of Gatewatch. */
class Fleet {
  readonly #folder: string;
  readonly #running = new Map<number, { readonly role: Role; readonly process: Listening | undefined }>();
  #next = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Numbers of the processes that run. */
  get numbers(): number[] {
    return [...this.#running].filter(([, { process }]) => process).map(([number]) => number);
  }

  roleOf(number: number): Role {
    return this.#running.get(number)!.role;
  }

  /** A process that takes events at the moment. */
  get receiver(): Listening | undefined {
    return [...this.#running.values()].find(({ role, process }) => role === 'receive' && process)?.process;
  }

  async start(role: Role): Promise<number> {
    const number = this.#next++;
    await this.#launch(number, role);
    return number;
  }

  async kill(number: number): Promise<void> {
    const { role, process } = this.#running.get(number)!;
    this.#running.set(number, { role, process: undefined });
    await process?.process.kill();
  }

  async restart(number: number): Promise<void> {
    await this.#launch(number, this.roleOf(number));
  }

  /** Ends a process in good order, and for good. */
  async dismiss(number: number): Promise<void> {
    const { process } = this.#running.get(number)!;
    this.#running.delete(number);
    const ended = await process!.process.kill('SIGTERM');
    assert.equal(ended.code, 0, `a process that was told to end: ${ended.signal} ${ended.stderr}`);
  }

  async end(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ process }) => process?.process.kill()));
  }

  async #launch(number: number, role: Role): Promise<void> {
    this.#running.set(number, { role, process: undefined });
    const process = await startRoles({
      dataDir: join(this.#folder, `data-${number}`),
      configFile: join(this.#folder, 'gatewatch.yaml'),
      set: { roles: `[${role}]`, 'https.enabled': 'false' },
    });
    this.#running.set(number, { role, process });
  }
}

interface Parts {
  readonly folder: string;
  readonly kafka: KafkaServer;
  readonly elasticsearch: ElasticsearchServer;
  readonly proxy: ElasticsearchProxy;
  readonly fleet: Fleet;
}

class Chaos {
  readonly #options: ChaosOptions;
  readonly #parts: Parts;
  readonly #load: Load = recordedLoad();
  readonly #faults: Record<string, number> = {};
  readonly #acknowledged: { readonly body: Buffer; readonly cluster: string }[] = [];
  #sent = 0;

  constructor(options: ChaosOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
  }

  async run(): Promise<ChaosResult> {
    const { minutes, say } = this.#options;
    await this.#configure();
    const { fleet } = this.#parts;
    await Promise.all(PROCESSES.map((role) => fleet.start(role)));
    const over = performance.now() + minutes * 60_000;
    const sending = this.#sendRounds(over);
    sending.catch(() => {});
    while (performance.now() < over) {
      await this.#fault();
      await sleep(this.#options.random.between(0, CALM_MS_MAX));
    }
    const clusters = await sending;
    say(`faults are over: ${JSON.stringify(this.#faults)}; waiting for everything to go through`);
    await this.#drained();
    return this.#judge(clusters);
  }

  async #configure(): Promise<void> {
    const { folder, kafka, proxy } = this.#parts;
    const rounds = Array.from({ length: 1000 }, (_, round) => ({
      name: clusterOf(round),
      audit_token_sha256: [tokenDigest(TOKEN)],
    }));
    const config = { ...settings(kafka, proxy), clusters: rounds };
    await writeFile(join(folder, 'gatewatch.yaml'), JSON.stringify(config));
  }

  /** @returns the clusters as which the load was sent, whole */
  async #sendRounds(until: number): Promise<string[]> {
    const clusters: string[] = [];
    const { random } = this.#options;
    const bodies = this.#bodies();
    // One round fills the time of a short run; a long one has many.
    const roundMs = Math.min(until - performance.now(), 180_000);
    do {
      const cluster = clusterOf(clusters.length);
      clusters.push(cluster);
      await send(bodies, {
        cluster,
        token: TOKEN,
        connections: CONNECTIONS,
        target: () => this.#parts.fleet.receiver,
        attempted: () => this.#sent++,
        acknowledged: (body) => this.#acknowledged.push({ body, cluster }),
        inOrder: teaches,
        paceMs: (random.between(70, 100) / 100) * ((roundMs * CONNECTIONS) / bodies.length) * 0.9,
      });
    } while (performance.now() < until);
    return clusters;
  }

  /** The batches, some of them twice and late. Those that may teach something keep their order: see `teaches`. */
  #bodies(): Buffer[] {
    const { random } = this.#options;
    const late = (body: Buffer): number => timeOf(body) + random.between(0, LATE_MS_MAX);
    return this.#load.bodies
      .flatMap((body) => [
        { body, arrival: teaches(body) ? timeOf(body) : late(body) },
        ...(random.next() < TWICE ? [{ body, arrival: late(body) }] : []),
      ])
      .sort((a, b) => a.arrival - b.arrival)
      .map(({ body }) => body);
  }

  async #fault(): Promise<void> {
    const { random, say } = this.#options;
    const faults = this.#possible();
    // Each kind once before any comes again.
    const least = Math.min(...faults.map(([name]) => this.#faults[name] ?? 0));
    const rare = faults.filter(([name]) => (this.#faults[name] ?? 0) === least);
    const [name, inject] = rare[random.between(0, rare.length)]!;
    this.#faults[name] = (this.#faults[name] ?? 0) + 1;
    say(`fault: ${name}`);
    await inject();
  }

  #possible(): (readonly [string, () => Promise<void>])[] {
    const { fleet, kafka, elasticsearch, proxy } = this.#parts;
    const { random, awayMs } = this.#options;
    const away = () => sleep(random.between(awayMs / 2, awayMs));
    const some = (role: Role): number => {
      const numbers = fleet.numbers.filter((number) => fleet.roleOf(number) === role);
      return numbers[random.between(0, numbers.length)]!;
    };
    const kill = (role: Role) => async () => {
      const number = some(role);
      await fleet.kill(number);
      await sleep(random.between(0, 2_000));
      await fleet.restart(number);
    };
    const moody = (mood: ElasticsearchProxy['mood']) => async () => {
      proxy.mood = mood;
      await away();
      proxy.mood = 'pass';
    };
    return [
      ['kill receive', kill('receive')],
      ['kill detect', kill('detect')],
      ['kill correlate', kill('correlate')],
      ['kill index', kill('index')],
      [
        'kill broker',
        async () => {
          await kafka.kill();
          await sleep(random.between(0, 2_000));
          await kafka.start();
        },
      ],
      [
        'stop broker',
        async () => {
          await kafka.stop();
          await away();
          await kafka.start();
        },
      ],
      [
        'slow broker',
        async () => {
          for (let pause = 0; pause < 8; pause++) {
            await kafka.pause();
            await sleep(random.between(200, 1_500));
            await kafka.resume();
            await sleep(random.between(50, 300));
          }
        },
      ],
      [
        'kill Elasticsearch',
        async () => {
          await elasticsearch.kill();
          await elasticsearch.start();
        },
      ],
      [
        'stop Elasticsearch',
        async () => {
          await elasticsearch.stop();
          await away();
          await elasticsearch.start();
        },
      ],
      ['Elasticsearch answers 429', moody('overloaded')],
      ['slow Elasticsearch', moody('slow')],
      [
        'rebalance',
        async () => {
          const role = (['detect', 'correlate'] as const)[random.between(0, 2)]!;
          const added = await fleet.start(role);
          await sleep(random.between(2_000, 6_000));
          await fleet.dismiss(random.next() < 0.5 ? added : some(role));
        },
      ],
    ];
  }

  /** Resolves when all groups have processed all that is in their topics, and goes on holding for a moment. */
  async #drained(): Promise<void> {
    const options = this.#logOptions();
    const admin = new AdminConnection(kafkaClient(options));
    const end = performance.now() + DRAIN_MS_MAX;
    const groups = { detect: 'records', correlate: 'signals', index: 'alerts' };
    for (let quiet = 0; quiet < 3; ) {
      assert.ok(performance.now() < end, 'the stages do not come to an end');
      await sleep(1_000);
      const behind = await Promise.all(
        Object.entries(groups).map(async ([group, topic]) => {
          const [extents, committed] = await Promise.all([
            admin.extents(options.prefix + topic),
            admin.committed(options.prefix + group, options.prefix + topic),
          ]);
          return [...extents].some(
            ([partition, { low, high }]) => (committed.get(partition)?.offset ?? low) < high,
          );
        }),
      );
      quiet = behind.includes(true) ? 0 : quiet + 1;
    }
    await admin.close();
  }

  async #judge(clusters: readonly string[]): Promise<ChaosResult> {
    const { elasticsearch } = this.#parts;
    const client = new Client({ node: elasticsearch.url });
    await client.indices.refresh({ index: 'gatewatch-alerts-*' });
    const stored = await alertsIn(client);
    const documents = await client.count({
      index: 'gatewatch-alerts-*',
      query: { bool: { must_not: { term: { 'gatewatch.status': 'withdrawn' } } } },
    });
    await client.close();
    const expected = (await Promise.all([this.#replay(clusters)])).flat();
    assertSame(factsOf(stored), factsOf(expected));
    const records = await this.#recordIds();
    const seen = new Set(records);
    const acknowledged = this.#acknowledged.flatMap(({ body, cluster }) => idsOf(body, cluster));
    const lost = acknowledged.filter((id) => !seen.has(id));
    assert.deepEqual(lost, [], 'acknowledged and not in the log');
    return {
      faults: this.#faults,
      sent: this.#sent,
      acknowledged: new Set(acknowledged).size,
      records: records.length,
      repeated: records.length - seen.size,
      alerts: stored.length,
      duplicates: documents.count - new Set(stored.map(({ event }) => event.id)).size,
      lost: lost.length,
    };
  }

  /** The alerts of an undisturbed replay of the same events, one cluster after the other. */
  async #replay(clusters: readonly string[]): Promise<Alert[]> {
    const file = join(this.#parts.folder, 'events.ndjson');
    await writeFile(
      file,
      Buffer.concat(this.#load.bodies.map((body) => Buffer.from(`${body.toString().trim()}\n`))),
    );
    const alerts: Alert[] = [];
    for (const cluster of clusters) {
      const replay = new GatewatchProcess(['replay', file, '--cluster', cluster, '--format', 'ndjson']);
      const { code, stdout, stderr } = await replay.ended;
      assert.equal(code, 0, stderr);
      alerts.push(
        ...stdout
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as Alert),
      );
    }
    return alerts;
  }

  async #recordIds(): Promise<string[]> {
    const log = await KafkaLog.open(this.#logOptions());
    const ids: string[] = [];
    const consumer = await log.consume('records', 'check', {
      async process({ entries }) {
        for (const entry of entries) ids.push(recordFromEntry(entry).id);
        return undefined;
      },
    });
    await consumer.drained();
    await log.close();
    return ids;
  }

  #logOptions(): KafkaLogOptions {
    const { kafka, log } = configSchema.parse(settings(this.#parts.kafka, this.#parts.proxy));
    return { ...kafka, retention_hours: log.retention_hours };
  }
}

function clusterOf(round: number): string {
  return `round-${round}`;
}

function settings({ brokers }: KafkaServer, { url }: ElasticsearchProxy) {
  return {
    kafka: { brokers, replication_factor: 1, min_insync_replicas: 1, partitions: 6, session_seconds: 6 },
    elasticsearch: { nodes: [url], request_seconds_max: 5 },
    // Hours of events are sent within minutes: a batch that waits some seconds for a server is overtaken by an hour of others.
    correlate: { lateness_seconds: 1_000_000 },
  };
}

async function alertsIn(client: Client): Promise<Alert[]> {
  const store = new ElasticsearchAlertStore(client, { namespace: 'default', bulk_bytes_max: 5_000_000 });
  const alerts: Alert[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.find({ sort: 'time', order: 'asc', limit: 500, ...(cursor ? { cursor } : {}) });
    alerts.push(...page.alerts);
    cursor = page.next;
  } while (cursor !== undefined);
  return alerts;
}
