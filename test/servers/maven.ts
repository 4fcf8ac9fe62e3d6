import { createHash } from 'node:crypto';
import { createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cache } from './cache.ts';
import type { Keeper } from './kept.ts';
import { Unavailable } from './tools.ts';
import { ELASTICSEARCH, KAFKA, MAVEN_DEPENDENCY_PLUGIN } from './versions.ts';

const ATTEMPTS_MAX = 3;

/** Names in the cache. */
export const KAFKA_FOLDER = `kafka-${KAFKA.version}`;
export const ELASTICSEARCH_FOLDER = `elasticsearch-${ELASTICSEARCH.version}`;

/** Folder with Kafka's jars, downloaded on first use. */
export function kafkaJars(): Promise<string> {
  return cache(KAFKA_FOLDER, async (keeper, folder) => {
    writeFileSync(join(folder, 'pom.xml'), projectOf(KAFKA.artifacts));
    const jars = join(folder, 'jars');
    await maven(keeper, folder, `Kafka ${KAFKA.version} (43 MB)`, [
      `${MAVEN_DEPENDENCY_PLUGIN}:copy-dependencies`,
      '-DincludeScope=runtime',
      `-DoutputDirectory=${jars}`,
    ]);
    return jars;
  });
}

/** Elasticsearch's home, downloaded on first use. */
export function elasticsearchHome(): Promise<string> {
  return cache(ELASTICSEARCH_FOLDER, async (keeper, folder) => {
    const goals = ['copy', 'unpack'].map((goal) => `${MAVEN_DEPENDENCY_PLUGIN}:${goal}`);
    await maven(keeper, folder, `Elasticsearch ${ELASTICSEARCH.version} (107 MB)`, [
      ...goals,
      `-Dartifact=${ELASTICSEARCH.artifact}`,
      `-DoutputDirectory=${folder}`,
    ]);
    const home = join(folder, `elasticsearch-${ELASTICSEARCH.version}`);
    const found = await sha256(`${home}.zip`);
    if (found !== ELASTICSEARCH.sha256)
      throw new Error(`The downloaded ${ELASTICSEARCH.artifact} is not the expected one (sha256 ${found}).`);
    return home;
  });
}

async function maven(keeper: Keeper, folder: string, what: string, args: readonly string[]): Promise<void> {
  console.log(`Downloading ${what}…`);
  const log = join(folder, 'maven.log');
  for (let attempt = 1; ; attempt++) {
    try {
      return await keeper.complete({ argv: ['mvn', '-B', '-q', ...args], env: process.env, log });
    } catch (error) {
      if (attempt === ATTEMPTS_MAX)
        throw new Unavailable(what, `Maven could not download it (${(error as Error).message}).`);
    }
  }
}

/** A project that depends on the artifacts, because `copy-dependencies` needs one. */
function projectOf(artifacts: readonly string[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group, name, version] = artifact.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>gatewatch</groupId><artifactId>test-servers</artifactId><version>0</version><packaging>pom</packaging>
<dependencies>${dependencies.join('')}</dependencies></project>
`;
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
