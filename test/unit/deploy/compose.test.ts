import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { makeSecrets, READERS } from '../../../deploy/compose/secrets.ts';
import { ROLES, type Role } from '../../../src/config/schema.ts';
import { ELASTICSEARCH, KAFKA } from '../../servers/versions.ts';
import { gatewatch as run } from '../cli/program.ts';
import {
  assertHealthPaths,
  assertPinned,
  configured,
  image,
  NO_FILE,
  ROOT,
  VERSION,
  yaml,
} from './support.ts';

interface Service {
  readonly image: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly read_only?: boolean;
  readonly mem_limit?: string;
  readonly restart: string;
  readonly user?: string;
}

const compose = yaml<{
  name: string;
  'x-images': Record<string, string>;
  services: Record<string, Service>;
  volumes: Record<string, null>;
}>('docker-compose.yml');
const services = Object.entries(compose.services);
const gatewatch = services.filter(([, { build }]) => build !== undefined);
const roleOf = ({ command = [] }: Service): Role | undefined =>
  command[command.indexOf('--role') + 1] as Role;
const serving = gatewatch.filter(([, { command }]) => command?.[0] === 'serve');

const folder = mkdtempSync(join(tmpdir(), 'gatewatch-secrets-'));
after(() => rmSync(folder, { recursive: true }));
makeSecrets(folder, () => {});

/** `./folder:/mounted:ro` in its parts. */
function mountsOf({ volumes = [] }: Service): { source: string; target: string; readOnly: boolean }[] {
  return volumes.map((volume) => {
    const [source, target, mode] = volume.split(':');
    return { source: source!, target: target!, readOnly: mode === 'ro' };
  });
}

function portsOf({ ports = [] }: Service): { host: string; published: string; target: number }[] {
  return ports.map((port) => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of compose, at its default
    const [host, published, target] = port.replace('${CLUSTERS_ADDRESS:-127.0.0.1}', '127.0.0.1').split(':');
    return { host: host!, published: published!, target: Number(target) };
  });
}

suite('docker-compose.yml', () => {
  test('takes every image from one place, where its version is', () => {
    const known = Object.values(compose['x-images']);
    for (const [name, service] of services) assert.ok(known.includes(service.image), name);
    for (const one of known) assertPinned(one);
    const { kafka, elasticsearch, kibana, gatewatch: own } = compose['x-images'];
    assert.equal(kafka, KAFKA.image);
    assert.equal(elasticsearch, ELASTICSEARCH.image);
    assert.equal(kibana!.split(':')[1], ELASTICSEARCH.version);
    assert.equal(own, `gatewatch:${VERSION}`);
  });

  test('runs each role once', () => {
    assert.deepEqual(serving.map(([, service]) => roleOf(service)).sort(), [...ROLES].sort());
    for (const [name, service] of serving) assert.equal(name, roleOf(service));
  });

  test('configures each of them as Gatewatch accepts it', () => {
    for (const [name, service] of gatewatch) {
      const { kafka, elasticsearch } = configured(
        { ...image().env, ...service.environment },
        NO_FILE,
        serving.some(([one]) => one === name) ? roleOf(service) : undefined,
      );
      assert.deepEqual(kafka.brokers, ['kafka:9092'], name);
      assert.deepEqual(elasticsearch.nodes, ['http://elasticsearch:9200'], name);
      // One broker holds every replica there is.
      assert.equal(kafka.replication_factor, 1, name);
    }
    const listens = compose.services.kafka!.environment!;
    assert.equal(listens.KAFKA_ADVERTISED_LISTENERS, 'PLAINTEXT://kafka:9092');
    assert.match(listens.KAFKA_LISTENERS!, /PLAINTEXT:\/\/:9092/);
  });

  test('runs commands that there are', async () => {
    const commands = gatewatch.flatMap(([, { command }]) => (command ? [command] : []));
    const known = new Set(commands.map((command) => command.slice(0, 2).join(' ').replace(/ --.*/, '')));
    assert.deepEqual([...known], ['serve', 'topics apply', 'index setup']);
    await Promise.all(
      [...known].map(async (command) => {
        const { code, stderr } = await run(...command.split(' '), '--help');
        assert.equal(code, 0, `${command}: ${stderr}`);
      }),
    );
    const scripts = gatewatch.flatMap(([, { entrypoint }]) => (entrypoint ? [entrypoint[1]!] : []));
    assert.equal(scripts.length + commands.length, gatewatch.length);
    for (const script of scripts) {
      assert.ok(existsSync(join(ROOT, script.replace(/^\/compose/, 'deploy/compose'))), script);
    }
  });

  test('publishes on loopback alone, and ports that are listened on', () => {
    const { http, https } = configured(image().env, NO_FILE);
    const own = { receive: https.port, console: http.port };
    for (const [name, service] of services) {
      for (const { host, published, target } of portsOf(service)) {
        assert.equal(host, '127.0.0.1', name);
        assert.equal(Number(published), target, name);
        if (service.build) assert.equal(target, own[name as keyof typeof own], name);
      }
    }
    for (const name of Object.keys(own)) assert.equal(portsOf(compose.services[name]!).length, 1, name);
  });

  test('holds every container to as little as it needs', () => {
    // They write beside their programs when they start.
    const writing = ['kafka', 'elasticsearch', 'kibana'];
    for (const [name, service] of services) {
      assert.deepEqual(service.cap_drop, ['ALL'], name);
      assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
      assert.ok(service.mem_limit, name);
      assert.equal(service.read_only ?? false, !writing.includes(name), name);
      if (name !== 'secrets') {
        assert.equal(service.cap_add, undefined, name);
        for (const { source, readOnly } of mountsOf(service)) {
          assert.ok(readOnly || source === name, `${name}: ${source} can be written to`);
        }
      }
    }
  });

  test('holds no secret, and gives each to the user that reads it', () => {
    const uids: Record<string, number> = {
      gatewatch: Number(image().user.split(':')[0]),
      setup: Number(compose.services.accounts!.user!.split(':')[0]),
      // As their images have it.
      elasticsearch: 1000,
      kibana: 1000,
      grafana: 472,
    };
    assert.deepEqual(READERS, uids);
    for (const [name, { environment = {}, command = [], entrypoint = [] }] of services) {
      for (const [key, value] of Object.entries(environment)) {
        if (/PASSWORD|TOKEN|SECRET|KEY/.test(key)) assert.match(value, /^\/secrets\//, `${name}: ${key}`);
      }
      const texts = [...Object.values(environment), ...command, ...entrypoint];
      for (const [path] of texts.join('\n').matchAll(/(?<=^|=)\/secrets\/\S+/gm)) {
        assert.ok(existsSync(path.replace('/secrets', folder)), `${name}: ${path}`);
      }
    }
    const scripts = ['accounts', 'saved-objects'].map((name) =>
      readFileSync(join(ROOT, `deploy/compose/${name}.ts`), 'utf8'),
    );
    for (const [path] of scripts.join('').matchAll(/\/secrets\/[\w/-]+(?=')/g)) {
      assert.ok(existsSync(path.replace('/secrets', folder)), path);
    }
  });

  test('mounts what there is, and names every volume', () => {
    const named = new Set<string>();
    for (const [name, service] of services) {
      for (const { source } of mountsOf(service)) {
        if (source.startsWith('./')) assert.ok(existsSync(join(ROOT, source)), `${name}: ${source}`);
        else named.add(source);
      }
    }
    assert.deepEqual([...named].sort(), Object.keys(compose.volumes).sort());
    const data = mountsOf(compose.services.receive!).find(({ source }) => source === 'receive');
    assert.equal(data!.target, configured(image().env, NO_FILE).data_dir);
  });

  test('starts in an order that can be kept', () => {
    const before = (name: string, seen: readonly string[] = []): void => {
      assert.ok(!seen.includes(name), `${[...seen, name].join(' → ')} is a circle`);
      for (const [other, { condition }] of Object.entries(compose.services[name]!.depends_on ?? {})) {
        const service = compose.services[other];
        assert.ok(service, `${name} waits for ${other}`);
        if (condition === 'service_completed_successfully') assert.equal(service.restart, 'no', other);
        else {
          assert.equal(condition, 'service_healthy');
          assert.ok(service.healthcheck?.test, other);
        }
        before(other, [...seen, name]);
      }
    };
    for (const [name] of services) before(name);
    // What runs on is watched, and comes back; what ends is neither.
    for (const [name, { restart, healthcheck }] of services) {
      if (restart === 'no') assert.equal(healthcheck?.disable, true, name);
      else assert.ok(restart === 'unless-stopped' && healthcheck?.test, name);
    }
  });

  test('asks for health where Gatewatch tells it', async () => {
    const urls = serving.map(
      ([, { healthcheck }]) => new URL(/'(http:[^']+)'/.exec(healthcheck!.test!.join(' '))![1]!),
    );
    await assertHealthPaths(urls.map(({ pathname }) => pathname));
    for (const { port } of urls) assert.equal(Number(port), configured(image().env, NO_FILE).http.port);
  });

  test('is understood by docker compose', (t) => {
    if (spawnSync('docker', ['compose', 'version']).status !== 0) return t.skip('there is no docker compose');
    const { status, stderr } = spawnSync('docker', ['compose', 'config', '--quiet'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
  });
});
