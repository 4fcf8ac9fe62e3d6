import { chownSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Client, errors } from '@elastic/elasticsearch';
import { cached } from './cache.ts';
import { container, pull } from './docker.ts';
import { local, localEnvironment } from './local.ts';
import { ELASTICSEARCH_FOLDER, elasticsearchHome } from './maven.ts';
import { type Home, type How, launch, Server } from './server.ts';
import { findRuntime } from './tools.ts';
import { ELASTICSEARCH } from './versions.ts';

type Settings = Readonly<Record<string, string | number | boolean>>;

export interface ElasticsearchOptions {
  /** Settings of `elasticsearch.yml`, over those of the tests. */
  readonly settings?: Settings;
  /** Turns security on; the password is that of the user `elastic`. */
  readonly password?: string;
  /** Content of files to put beside `elasticsearch.yml`, by name: certificates, for example. */
  readonly files?: Readonly<Record<string, string>>;
}

/** An Elasticsearch of one node. */
export class ElasticsearchServer extends Server {
  get url(): string {
    return this.address;
  }
}

/** Starts an Elasticsearch for the test that calls, and only for it. */
export async function startElasticsearch(options: ElasticsearchOptions = {}): Promise<ElasticsearchServer> {
  const runtime = await findRuntime('Elasticsearch', cached(ELASTICSEARCH_FOLDER) !== undefined);
  const distribution = runtime === 'docker' ? undefined : await elasticsearchHome();
  const { password } = options;
  return launch(async (home) => {
    const settings: Settings = {
      'discovery.type': 'single-node',
      'http.port': home.port,
      'xpack.security.enabled': password !== undefined,
      'cluster.routing.allocation.disk.threshold_enabled': false,
      ...options.settings,
    };
    const how =
      runtime === 'docker'
        ? await inContainer(home, options, settings)
        : await onJava(runtime.java, distribution!, home, options, settings);
    const scheme = settings['xpack.security.http.ssl.enabled'] === true ? 'https' : 'http';
    const address = `${scheme}://127.0.0.1:${home.port}`;
    const name = `Elasticsearch ${ELASTICSEARCH.version}`;
    return new ElasticsearchServer(home, {
      name,
      address,
      isReady: () => isReady(address, password),
      ...how,
    });
  });
}

async function onJava(
  java: string,
  distribution: string,
  { keeper, folder }: Home,
  { password, files = {} }: ElasticsearchOptions,
  settings: Settings,
): Promise<How> {
  const config = join(folder, 'config');
  const temporary = join(folder, 'tmp');
  const pidFile = join(folder, 'pid');
  cpSync(join(distribution, 'config'), config, { recursive: true });
  mkdirSync(temporary);
  writeFileSync(join(config, 'jvm.options'), JVM_OPTIONS);
  const own = {
    'network.host': '127.0.0.1',
    'transport.port': 0,
    'path.data': join(folder, 'data'),
    'path.logs': join(folder, 'logs'),
    ...settings,
  };
  const lines = Object.entries(own).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
  for (const [name, text] of Object.entries({ ...files, 'elasticsearch.yml': lines.join('') }))
    writeFileSync(join(config, name), text);

  const account = process.getuid!() === 0 ? UNPRIVILEGED : undefined;
  if (account !== undefined) give(folder, account);
  const common = {
    ...(account === undefined ? {} : { account }),
    env: {
      ...localEnvironment,
      ES_JAVA_HOME: java,
      ES_PATH_CONF: config,
      ES_TMPDIR: temporary,
      // No files of the JVM outside of the keeper's folder.
      CLI_JAVA_OPTS: `-XX:-UsePerfData -XX:TieredStopAtLevel=1 -Djava.io.tmpdir=${temporary}`,
    },
  };
  const bin = (name: string) => join(distribution, 'bin', name);
  if (password !== undefined) {
    const log = join(folder, 'keystore.log');
    const script = 'printf %s "$1" | "$0" add --force --stdin bootstrap.password';
    const argv = ['sh', '-c', script, bin('elasticsearch-keystore'), password];
    await keeper.complete({ ...common, argv, log });
  }
  return {
    command: { ...common, argv: [bin('elasticsearch'), '-p', pidFile] },
    ...local,
    // What was started is a launcher; the server is its child.
    pid: () => Number(readFileSync(pidFile, 'utf8')),
  };
}

async function inContainer(
  { keeper, folder, port }: Home,
  { password, files = {} }: ElasticsearchOptions,
  settings: Settings,
): Promise<How> {
  await pull(keeper, join(folder, 'pull.log'), ELASTICSEARCH.image);
  const mounts = Object.entries(files).map(([name, text]) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return [`/usr/share/elasticsearch/config/${name}`, path];
  });
  // Parts of the full distribution that would download something, or run programs beside the server.
  const parts = { 'ingest.geoip.downloader.enabled': false, 'xpack.ml.enabled': false };
  const env = Object.entries({ ...parts, ...settings }).map(([key, value]) => [key, String(value)]);
  return container({
    name: basename(folder),
    image: ELASTICSEARCH.image,
    port,
    data: '/usr/share/elasticsearch/data',
    env: {
      ...Object.fromEntries(env),
      ES_JAVA_OPTS: '-Xms512m -Xmx512m',
      ...(password === undefined ? {} : { ELASTIC_PASSWORD: password }),
    },
    files: Object.fromEntries(mounts),
  });
}

/** nobody: Elasticsearch refuses to run as root. */
const UNPRIVILEGED = 65534;

function give(folder: string, account: number): void {
  for (const path of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })])
    chownSync(join(folder, path), account, account);
}

/** In place of the distribution's own: the collector and compiler that start fastest, and no files outside of the keeper's folder. */
const JVM_OPTIONS = `-Xms128m
-Xmx512m
-XX:+UseSerialGC
-XX:TieredStopAtLevel=1
-XX:-UsePerfData
-XX:+ExitOnOutOfMemoryError
-Djava.io.tmpdir=\${ES_TMPDIR}
-Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1
`;

/** Whether every index can be searched. */
async function isReady(url: string, password: string | undefined): Promise<boolean> {
  const client = new Client({
    node: url,
    ...(password === undefined ? {} : { auth: { username: 'elastic', password } }),
    tls: { rejectUnauthorized: false },
    maxRetries: 0,
    requestTimeout: 5000,
  });
  try {
    const { status } = await client.cluster.health({ wait_for_status: 'yellow', timeout: '1s' });
    return status !== 'red';
  } catch (error) {
    // Security that the settings bring along answers when all the rest does.
    return error instanceof errors.ResponseError && error.statusCode === 401;
  } finally {
    await client.close();
  }
}
