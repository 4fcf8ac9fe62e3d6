import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const OLDEST_JAVA = 17;

/** Home of a Java that is new enough. */
export async function findJava(): Promise<string | undefined> {
  const { JAVA_HOME } = process.env;
  for (const java of JAVA_HOME ? [join(JAVA_HOME, 'bin', 'java'), 'java'] : ['java']) {
    const said = await output(java, '-XshowSettings:properties', '-version');
    const version = Number(/java\.specification\.version = (\S+)/.exec(said ?? '')?.[1]);
    if (version >= OLDEST_JAVA) return /java\.home = (.+)/.exec(said!)![1];
  }
  return undefined;
}

export async function hasMaven(): Promise<boolean> {
  return (await output('mvn', '--version')) !== undefined;
}

/** Whether there is a Docker engine, not only its command. */
export async function hasDocker(): Promise<boolean> {
  return (await output('docker', 'info')) !== undefined;
}

/** All that a command prints, if it exists and succeeds. */
async function output(file: string, ...args: string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await promisify(execFile)(file, args);
    return stdout + stderr;
  } catch {
    return undefined;
  }
}

/** A server cannot be started on this machine. */
export class Unavailable extends Error {
  constructor(server: string, why: string) {
    super(
      `${server} cannot be started for the tests: ${why} ` +
        'Install Java 17 (or newer) and Maven, or Docker, or set GATEWATCH_TEST_KAFKA (host:port, comma-separated) and ' +
        'GATEWATCH_TEST_ELASTICSEARCH (URL) to servers that run.',
    );
    this.name = 'Unavailable';
  }
}

/** How a server can be started here: the home of Java, or Docker. */
export async function findRuntime(server: string, isCached: boolean): Promise<{ java: string } | 'docker'> {
  const java = await findJava();
  if (java && (isCached || (await hasMaven()))) return { java };
  if (await hasDocker()) return 'docker';
  const missing = java ? 'Maven' : 'Java 17';
  throw new Unavailable(server, `${missing} was not found, and no Docker engine answers.`);
}
