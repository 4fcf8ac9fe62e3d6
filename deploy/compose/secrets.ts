/**
 * The passwords, tokens and keys of docker-compose.yml. They are made at the first start, kept in a volume, and given to
 * each reader as files that no other can open. With `show`: prints what people log in with.
 */
import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who reads secrets, a folder each, and the user that its container runs as. */
export const READERS = { gatewatch: 10001, setup: 10002, elasticsearch: 1000, kibana: 1000, grafana: 472 };

/** Everything that is made, by name. base64url: nothing in it has a meaning in a shell, in YAML or for Grafana. */
const MAKERS = {
  elastic: random,
  kibanaSystem: random,
  kibanaKey: random,
  gatewatch: random,
  grafanaReader: random,
  grafanaAdmin: random,
  consoleToken: () => `gw_console_${random()}`,
};

type Secrets = Record<keyof typeof MAKERS, string>;

/** The files that readers get. */
function filesOf(secrets: Secrets): { reader: keyof typeof READERS; name: string; content: string }[] {
  return [
    { reader: 'elasticsearch', name: 'elastic-password', content: secrets.elastic },
    { reader: 'setup', name: 'elastic-password', content: secrets.elastic },
    { reader: 'setup', name: 'kibana-system-password', content: secrets.kibanaSystem },
    { reader: 'setup', name: 'gatewatch-password', content: secrets.gatewatch },
    { reader: 'setup', name: 'grafana-password', content: secrets.grafanaReader },
    { reader: 'kibana', name: 'kibana.yml', content: kibanaYaml(secrets) },
    { reader: 'gatewatch', name: 'elasticsearch-password', content: secrets.gatewatch },
    { reader: 'gatewatch', name: 'console-token', content: secrets.consoleToken },
    { reader: 'grafana', name: 'admin-password', content: secrets.grafanaAdmin },
    { reader: 'grafana', name: 'elasticsearch-password', content: secrets.grafanaReader },
  ];
}

/** Kibana reads no password from a file, but its configuration from several. */
function kibanaYaml({ kibanaSystem, kibanaKey }: Secrets): string {
  return `elasticsearch.username: kibana_system
elasticsearch.password: ${JSON.stringify(kibanaSystem)}
xpack.security.encryptionKey: ${JSON.stringify(kibanaKey)}
xpack.encryptedSavedObjects.encryptionKey: ${JSON.stringify(kibanaKey)}
xpack.reporting.encryptionKey: ${JSON.stringify(kibanaKey)}
`;
}

/**
 * Makes what is missing and writes the files of all readers; what was made before stays the same.
 * @param own gives a file to a user; for tests that may not
 */
export function makeSecrets(folder: string, own: (path: string, uid: number) => void = giveTo): Secrets {
  const present = readPresent(folder);
  const secrets = Object.fromEntries(
    Object.entries(MAKERS).map(([name, make]) => [name, present[name as keyof Secrets] ?? make()]),
  ) as Secrets;
  writeSecret(join(folder, MADE), JSON.stringify(secrets), () => {});
  for (const { reader, name, content } of filesOf(secrets)) {
    mkdirSync(join(folder, reader), { recursive: true });
    writeSecret(join(folder, reader, name), content, (path) => own(path, READERS[reader]));
  }
  return secrets;
}

/** What people log in with. */
export function shown({ consoleToken, elastic, grafanaAdmin }: Secrets): string {
  return [
    ['Gatewatch', 'http://127.0.0.1:8480', 'token', consoleToken],
    ['Kibana', 'http://127.0.0.1:5601', 'elastic', elastic],
    ['Grafana', 'http://127.0.0.1:3000', 'admin', grafanaAdmin],
  ]
    .map(([what, url, user, secret]) => `${what!.padEnd(10)} ${url}  ${user!.padEnd(8)} ${secret}\n`)
    .join('');
}

/** All secrets, for root alone. */
const MADE = 'made.json';

function readPresent(folder: string): Partial<Secrets> {
  try {
    return JSON.parse(readFileSync(join(folder, MADE), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

/** Whole or not at all; and Elasticsearch takes a password only from a file of mode 400 or 600. */
function writeSecret(path: string, content: string, own: (path: string) => void): void {
  const fresh = `${path}.new`;
  rmSync(fresh, { force: true });
  writeFileSync(fresh, content, { mode: 0o400, flag: 'wx' });
  own(fresh);
  renameSync(fresh, path);
}

function giveTo(path: string, uid: number): void {
  chownSync(path, uid, 0);
}

function random(): string {
  return randomBytes(32).toString('base64url');
}

if (import.meta.main) {
  const secrets = makeSecrets('/secrets');
  if (process.argv[2] === 'show') process.stdout.write(shown(secrets));
}
